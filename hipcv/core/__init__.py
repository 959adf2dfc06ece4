"""Pure numbers: landmarks and angles in, angles, trials and findings out; no files, cameras, clocks or logs."""
