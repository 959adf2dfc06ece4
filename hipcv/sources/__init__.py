"""Where frames, poses and pose models come from: the only room that opens recordings, cameras and MediaPipe."""
