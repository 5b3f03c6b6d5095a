// What ran when, on a canvas: zoomed with the wheel, moved with the pointer, and all of it with keys, too.

class Timeline {
  constructor(page) {
    this.page = page;
    this.canvas = byId('timeline');
    this.lanes = [];
    /** The part that is seen; null is the whole run. */
    this.view = null;
    this.chosen = null;
    this.isAsking = false;
    this.listen();
  }

  get by() {
    return byId('timeline-by').value;
  }

  get end() {
    return Math.max(this.page.run.session.duration || 0, 1e-6);
  }

  get range() {
    return this.view || [0, this.end];
  }

  show(run, parts) {
    if (parts.has('lanes') && this.view === null && this.by === 'worker') this.take(run.lanes);
    else if (parts.has('lanes') || !this.asked) this.ask();
    this.draw();
  }

  take(data) {
    const key = this.chosen && [this.chosen.lane.label, this.chosen.span[4]];
    this.lanes = data.lanes;
    this.omitted = data.omitted || 0;
    this.chosen = null;
    if (!key) return;
    this.lanes.forEach((lane, index) => {
      const at = lane.label === key[0] ? lane.spans.findIndex((span) => span[4] === key[1]) : -1;
      if (at >= 0) this.chosen = { lane, index, at, span: lane.spans[at] };
    });
  }

  /** Asks for what is seen in detail: one question at a time, the last wish counts. */
  async ask() {
    this.asked = true;
    if (this.isAsking) {
      this.isStale = true;
      return;
    }
    this.isAsking = true;
    do {
      this.isStale = false;
      const [from, to] = this.view || [null, null];
      try {
        this.take(await this.page.source.lanes(this.by, from, to, this.canvas.clientWidth));
      } catch (error) {
        this.page.complain('The timeline can’t be had', error);
      }
      this.draw();
    } while (this.isStale);
    this.isAsking = false;
  }

  changeView(from, to) {
    const whole = this.end;
    const length = Math.min(Math.max(to - from, whole * 1e-7, 1e-6), whole);
    const start = Math.min(Math.max(from, 0), whole - length);
    this.view = length >= whole * 0.9999 ? null : [start, start + length];
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), 150);
  }

  zoom(factor, centre) {
    const [from, to] = this.range;
    const middle = centre ?? (this.chosen ? Math.min(Math.max(this.chosen.span[0], from), to) : (from + to) / 2);
    this.changeView(middle - (middle - from) * factor, middle + (to - middle) * factor);
  }

  move(share) {
    const [from, to] = this.range;
    this.changeView(from + (to - from) * share, to + (to - from) * share);
  }

  // Drawing

  measure(width) {
    const labelWidth = width < 480 ? 70 : 130;
    const laneHeight = this.lanes.length > 60 ? 12 : 18;
    return { labelWidth, laneHeight, top: 20, height: 26 + Math.max(1, this.lanes.length) * laneHeight };
  }

  draw() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.paint();
    });
  }

  paint() {
    const size = this.measure(this.canvas.parentElement.clientWidth);
    const { context, width } = prepare(this.canvas, size.height);
    this.width = width;
    const [from, to] = this.range;
    const scale = (width - size.labelWidth - 8) / (to - from);
    const x = (time) => size.labelWidth + (time - from) * scale;
    context.textBaseline = 'middle';
    for (const time of ticks(from, to, width / 110)) {
      context.fillStyle = colours.of('line');
      context.fillRect(x(time), size.top - 4, 1, size.height);
      context.fillStyle = colours.of('muted');
      context.fillText(format.seconds(time), x(time) + 3, 9);
    }
    if (this.lanes.length === 0) {
      context.fillText('Nothing has run yet.', size.labelWidth + 8, size.top + size.laneHeight / 2);
    }
    this.lanes.forEach((lane, index) => {
      const y = size.top + index * size.laneHeight;
      context.fillStyle = colours.of('muted');
      context.fillText(cut(lane.label, Math.floor(size.labelWidth / 6.4)), 2, y + size.laneHeight / 2);
      context.save();
      context.beginPath();
      context.rect(size.labelWidth, y, width - size.labelWidth, size.laneHeight);
      context.clip();
      for (const span of lane.spans) this.paintSpan(context, span, x, y, size.laneHeight, [from, to]);
      context.restore();
    });
    if (this.chosen) {
      const { span, index } = this.chosen;
      const left = Math.max(x(span[0]), size.labelWidth);
      context.strokeStyle = colours.of('ink');
      context.lineWidth = 2;
      context.strokeRect(left - 1, size.top + index * size.laneHeight, Math.max(3, x(span[1] ?? this.end) - left) + 2,
        size.laneHeight - 1);
    }
  }

  paintSpan(context, span, x, y, laneHeight, [from, to]) {
    const end = span[1] ?? this.end;
    if (end < from || span[0] > to) return;
    const left = x(Math.max(span[0], from));
    const length = Math.max(0.8, x(Math.min(end, to)) - left);
    const isFailed = states[span[3]] === 'failed';
    context.fillStyle = isFailed ? colours.of('failed') : colours.ofName(span[2]);
    context.globalAlpha = states[span[3]] === 'cancelled' ? 0.45 : 1;
    context.fillRect(left, y + 2, length > 4 ? length - 0.6 : length, laneHeight - 4);
    context.globalAlpha = 1;
    if (span[1] === null && length > 6) {
      context.fillStyle = colours.of('card');
      context.globalAlpha = 0.7;
      context.fillRect(left + length - 3, y + 4, 1.5, laneHeight - 8);
      context.globalAlpha = 1;
    }
    if (length > 42 && laneHeight > 14) {
      context.fillStyle = '#fff';
      const text = span[5] > 1 ? `${format.count(span[5])} tasks` : this.nameOf(span);
      context.fillText(cut(text, Math.floor(length / 7)), left + 4, y + laneHeight / 2 + 0.5, length - 6);
    }
  }

  nameOf(span) {
    return this.page.run.names[span[2]]?.name || '(unnamed)';
  }

  // What is under the pointer, or chosen

  find(event) {
    const box = this.canvas.getBoundingClientRect();
    const size = this.measure(this.width || box.width);
    const index = Math.floor((event.clientY - box.top - size.top) / size.laneHeight);
    const lane = this.lanes[index];
    const time = this.timeAt(event);
    if (!lane || time === null) return null;
    const [from, to] = this.range;
    const slack = (3 * (to - from)) / (this.width - size.labelWidth);
    let best = null;
    lane.spans.forEach((span, at) => {
      const end = span[1] ?? this.end;
      const distance = Math.max(span[0] - time, time - end, 0);
      if (distance <= slack && (!best || distance < best.distance)) best = { lane, index, at, span, distance };
    });
    return best;
  }

  timeAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const { labelWidth } = this.measure(this.width || box.width);
    const share = (event.clientX - box.left - labelWidth) / (this.width - labelWidth - 8);
    const [from, to] = this.range;
    return share < 0 || share > 1 ? null : from + share * (to - from);
  }

  choose(found) {
    if (found?.span === this.chosen?.span) return;
    this.chosen = found;
    say(byId('timeline-said'), found ? this.describe(found) : '');
    this.draw();
  }

  describe({ lane, span }) {
    const time = format.seconds((span[1] ?? this.end) - span[0]);
    const name = cut(this.nameOf(span), 120);
    const what = span[5] > 1 ? `${format.count(span[5])} tasks, most of the time ${name}` : `${name}, ${states[span[3]]}`;
    return `${lane.label}: ${what}, from ${format.seconds(span[0])}, ${span[1] === null ? `running for ${time}` : `took ${time}`}`;
  }

  open(found) {
    if (!found) return;
    if (found.span[5] > 1) {
      const [from, to] = this.range;
      const end = found.span[1] ?? this.end;
      const margin = Math.max((end - found.span[0]) * 0.1, 1e-6);
      if (this.page.source.isLive && end - found.span[0] + 2 * margin < (to - from) * 0.9) {
        this.changeView(found.span[0] - margin, end + margin);
        return;
      }
    }
    this.page.detail.open(found.span[4]);
  }

  step(sideways, down) {
    if (this.lanes.length === 0) return;
    if (!this.chosen) {
      const index = this.lanes.findIndex((lane) => lane.spans.length > 0);
      if (index >= 0) this.choose({ lane: this.lanes[index], index, at: 0, span: this.lanes[index].spans[0] });
      return;
    }
    const index = Math.min(Math.max(this.chosen.index + down, 0), this.lanes.length - 1);
    const { spans } = this.lanes[index];
    if (spans.length === 0) return;
    let at = this.chosen.at + sideways;
    if (down !== 0) {
      const start = this.chosen.span[0];
      at = spans.reduce((best, span, place) =>
        (Math.abs(span[0] - start) < Math.abs(spans[best][0] - start) ? place : best), 0);
    }
    at = Math.min(Math.max(at, 0), spans.length - 1);
    this.choose({ lane: this.lanes[index], index, at, span: spans[at] });
    const [from, to] = this.range;
    if (spans[at][0] < from || spans[at][0] > to) {
      const half = (to - from) / 2;
      this.changeView(spans[at][0] - half, spans[at][0] + half);
    }
    const { top, laneHeight } = this.measure(this.width);
    const frame = this.canvas.parentElement;
    const y = top + index * laneHeight;
    if (y < frame.scrollTop || y + laneHeight > frame.scrollTop + frame.clientHeight) frame.scrollTop = y - 40;
  }

  listen() {
    const { canvas } = this;
    byId('timeline-by').addEventListener('change', () => {
      this.choose(null);
      this.ask();
    });
    byId('timeline-in').addEventListener('click', () => this.zoom(0.5));
    byId('timeline-out').addEventListener('click', () => this.zoom(2));
    byId('timeline-all').addEventListener('click', () => this.changeView(0, this.end));
    canvas.addEventListener('wheel', (event) => {
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        this.move((event.deltaX || event.deltaY) / 1000);
      } else if (event.ctrlKey || event.altKey || document.activeElement === canvas) {
        this.zoom(Math.exp(event.deltaY / 400), this.timeAt(event));
      } else {
        return;  // the page scrolls until the timeline has been clicked
      }
      event.preventDefault();
    }, { passive: false });
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.drag = { x: event.clientX, range: this.range, isMoved: false };
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!this.drag) {
        this.choose(this.find(event));
        return;
      }
      const moved = event.clientX - this.drag.x;
      if (!this.drag.isMoved && Math.abs(moved) < 4) return;
      this.drag.isMoved = true;
      const [from, to] = this.drag.range;
      const shift = (moved / (this.width - this.measure(this.width).labelWidth)) * (to - from);
      this.changeView(from - shift, to - shift);
    });
    canvas.addEventListener('pointerup', (event) => {
      const { drag } = this;
      this.drag = null;
      if (drag && !drag.isMoved) this.open(this.find(event));
    });
    canvas.addEventListener('pointercancel', () => { this.drag = null; });
    canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const actions = {
        ArrowLeft: () => (event.shiftKey ? this.move(-0.2) : this.step(-1, 0)),
        ArrowRight: () => (event.shiftKey ? this.move(0.2) : this.step(1, 0)),
        ArrowUp: () => this.step(0, -1),
        ArrowDown: () => this.step(0, 1),
        '+': () => this.zoom(0.5),
        '=': () => this.zoom(0.5),
        '-': () => this.zoom(2),
        0: () => this.changeView(0, this.end),
        Enter: () => this.open(this.chosen),
      };
      if (!actions[event.key]) return;
      event.preventDefault();
      actions[event.key]();
    });
  }
}
