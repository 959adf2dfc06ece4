// Which way is down, where the device can feel it: phones and tablets that film with their own camera.
const FRESH_MS = 1000;

/** Ask for leave to use the sensor, where a browser wants that; call it from a click. */
export async function allowGravity() {
  try {
    await window.DeviceMotionEvent?.requestPermission?.();
  } catch { /* no sensor then: gravity is taken from the picture */ }
}

/** The newest reading of the sensor. */
export class Gravity {
  constructor(facing) {
    this.facing = facing;
    this.newest = null;
    this.felt = 0;
    this.feel = (event) => {
      const { x, y, z } = event.accelerationIncludingGravity ?? {};
      if (![x, y, z].every(Number.isFinite)) return;
      this.newest = { x, y, z };
      this.felt = performance.now();
    };
    // a camera on a cable does not turn with the sensor
    if (facing) window.addEventListener("devicemotion", this.feel);
  }

  /** Return it as a frame carries it, null where there is none. */
  reading() {
    if (!this.newest || performance.now() - this.felt > FRESH_MS) return null;
    return { ...this.newest, screen_angle: screen.orientation?.angle ?? window.orientation ?? 0, facing: this.facing };
  }

  close() { window.removeEventListener("devicemotion", this.feel); }
}
