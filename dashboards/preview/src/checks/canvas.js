// Text on a canvas leaves no element behind, so it is written down while it is drawn.
const written = new WeakMap();

/** Start writing down what every canvas shows. */
export function watchCanvases() {
  const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (x, y, width, height) {
    if (width >= this.canvas.width && height >= this.canvas.height) {
      written.delete(this.canvas);
    }
    return clearRect.call(this, x, y, width, height);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    const list = written.get(this.canvas) ?? [];
    list.push({ text: String(text), centred: this.textAlign === 'center', ...boxOf(this, String(text), x, y) });
    written.set(this.canvas, list);
    return fillText.call(this, text, x, y, ...rest);
  };
}

/** Return the texts of a canvas with their boxes on the page. */
export function textsOf(canvas) {
  const at = canvas.getBoundingClientRect();
  const scale = at.width / canvas.width || 1;
  return (written.get(canvas) ?? [])
    .filter(({ text }) => text.trim())
    .map(({ text, centred, left, top, right, bottom }) => ({
      text,
      centred,
      left: at.left + left * scale,
      right: at.left + right * scale,
      top: at.top + top * scale,
      bottom: at.top + bottom * scale,
      within: at,
    }));
}

function boxOf(context, text, x, y) {
  const size = context.measureText(text);
  const corners = [
    [x - size.actualBoundingBoxLeft, y - size.actualBoundingBoxAscent],
    [x + size.actualBoundingBoxRight, y + size.actualBoundingBoxDescent],
  ].map(([across, down]) => context.getTransform().transformPoint({ x: across, y: down }));
  const [across, down] = [corners.map((corner) => corner.x), corners.map((corner) => corner.y)];
  return { left: Math.min(...across), right: Math.max(...across), top: Math.min(...down), bottom: Math.max(...down) };
}
