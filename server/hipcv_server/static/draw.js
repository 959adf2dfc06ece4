// The skeleton, the plumb line and the angle over the live picture. The picture may be mirrored on the screen; the
// letters are turned back, so that they stay readable.
const LEGS = { left: [23, 25, 27, 31], right: [24, 26, 28, 32] };
const COLOURS = { left: "#56b4e9", right: "#f0964b" };

export function draw(canvas, reading, { test, selfie }) {
  const [width, height] = reading.frame_size_px;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  const points = reading.landmarks;
  if (!points) return;
  const seen = (k) => points[k] && points[k][2] >= 0.5 && points[k][0] !== null;
  const line = (a, b, colour, thick) => {
    if (!seen(a) || !seen(b)) return;
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.beginPath();
    pen.moveTo(points[a][0], points[a][1]);
    pen.lineTo(points[b][0], points[b][1]);
    pen.stroke();
  };
  pen.lineCap = "round";
  for (const [a, b] of [[11, 12], [23, 24], [11, 23], [12, 24]]) line(a, b, "rgba(255,255,255,.6)", 2);
  const roll = ((reading.roll_deg ?? 0) * Math.PI) / 180, way = test === "prone" ? -1 : 1;
  for (const side of ["left", "right"]) {
    const [hip, knee, ankle, foot] = LEGS[side];
    line(hip, knee, COLOURS[side], 4);
    line(ankle, foot, COLOURS[side], 4);
    line(knee, ankle, COLOURS[side], 7);
    if (!seen(knee) || !seen(ankle)) continue;
    const [kx, ky] = points[knee], length = Math.hypot(points[ankle][0] - kx, points[ankle][1] - ky);
    pen.strokeStyle = "#fff";
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 5]);
    pen.beginPath();
    pen.moveTo(kx, ky);
    pen.lineTo(kx - way * Math.sin(roll) * length, ky + way * Math.cos(roll) * length);
    pen.stroke();
    pen.setLineDash([]);
    const angle = reading[`${side}_deg`];
    if (angle === null) continue;
    pen.save();
    pen.translate(points[ankle][0], points[ankle][1] + 26);
    if (selfie) pen.scale(-1, 1);
    pen.font = `700 ${Math.round(height / 16)}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.lineWidth = 5;
    pen.strokeStyle = "rgba(0,0,0,.7)";
    pen.fillStyle = "#fff";
    pen.strokeText(`${Math.round(angle)}°`, 0, 0);
    pen.fillText(`${Math.round(angle)}°`, 0, 0);
    pen.restore();
  }
}
