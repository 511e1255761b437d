// The points, written pixel by pixel: a hundred thousand take a few milliseconds without any GPU.

const LARGEST_PLACE = 65535;
const LARGEST_ZOOM = 500;

class Points {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.itemNos = new Int32Array(0);
    this.places = new Uint16Array(0);
    this.groupOf = new Uint8Array(0);
    this.pixels = []; // of each group; undefined where it is hidden
    this.whole();
  }

  // The part of the map that is in view: its lower left corner and how much of the whole it spans.
  whole() {
    this.left = this.bottom = -0.02 * LARGEST_PLACE;
    this.span = 1.04 * LARGEST_PLACE;
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (this.image?.width === width && this.image.height === height) return;
    [this.canvas.width, this.canvas.height] = [width, height];
    this.image = this.context.createImageData(width, height);
    this.raster = new Uint32Array(this.image.data.buffer);
  }

  draw() {
    this.fit();
    const { places, groupOf, pixels, raster, left, bottom, span } = this;
    const { width, height } = this.image;
    const size = this.pointSize();
    const half = size >> 1;
    const [across, up] = [width / span, height / span];
    raster.fill(0);
    for (let point = 0, at = 0; point < groupOf.length; point += 1, at += 2) {
      const pixel = pixels[groupOf[point]];
      if (pixel === undefined) continue;
      const x = Math.round((places[at] - left) * across) - half;
      const y = Math.round(height - (places[at + 1] - bottom) * up) - half;
      if (x < 0 || y < 0 || x + size > width || y + size > height) continue;
      for (let row = y * width + x, end = row + size * width; row < end; row += width) {
        for (let place = row; place < row + size; place += 1) raster[place] = pixel;
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }

  // Few points, or few in view, may be larger.
  pointSize() {
    const inView = this.groupOf.length * Math.min(1, this.span / LARGEST_PLACE) ** 2;
    const size = inView > 20000 ? 2 : inView > 2000 ? 4 : 6;
    return Math.round(size * (window.devicePixelRatio || 1));
  }

  // From a place on the screen, in CSS pixels, to one on the map, and back.
  toMap(x, y) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    return [this.left + (x / width) * this.span, this.bottom + (1 - y / height) * this.span];
  }

  toScreen([x, y]) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    return [((x - this.left) / this.span) * width, (1 - (y - this.bottom) / this.span) * height];
  }

  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const [mapX, mapY] = this.toMap(x, y);
    const span = Math.min(1.5 * LARGEST_PLACE, Math.max(LARGEST_PLACE / LARGEST_ZOOM, this.span * factor));
    const by = span / this.span;
    this.left = mapX - (mapX - this.left) * by;
    this.bottom = mapY - (mapY - this.bottom) * by;
    this.span = span;
  }

  move(x, y) {
    this.left -= (x / this.canvas.clientWidth) * this.span;
    this.bottom += (y / this.canvas.clientHeight) * this.span;
  }

  // The point nearest to a place on the screen, at most `reach` CSS pixels away; -1 for none.
  nearest(x, y, reach) {
    const { places, groupOf, pixels } = this;
    const [mapX, mapY] = this.toMap(x, y);
    const [perX, perY] = [this.canvas.clientWidth / this.span, this.canvas.clientHeight / this.span];
    let best = reach * reach;
    let found = -1;
    for (let point = 0, at = 0; point < groupOf.length; point += 1, at += 2) {
      const [byX, byY] = [(places[at] - mapX) * perX, (places[at + 1] - mapY) * perY];
      const distance = byX * byX + byY * byY;
      if (distance < best && pixels[groupOf[point]] !== undefined) [best, found] = [distance, point];
    }
    return found;
  }
}
