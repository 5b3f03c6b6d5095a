// Throughput, what ran, and what the machines did, over time.

class Curves {
  constructor(page) {
    this.page = page;
    this.charts = new Map();
    byId('node').addEventListener('change', () => this.draw());
  }

  show(run, parts) {
    if (parts.has('resources')) this.listNodes(run.resources);
    if (['throughput', 'running', 'resources', 'session'].some((part) => parts.has(part))) this.draw();
  }

  listNodes(resources) {
    const nodes = Array.from(new Set(resources.map((series) => series.node)));
    byId('node-choice').hidden = nodes.length < 2;
    const list = byId('node');
    if (list.options.length === nodes.length) return;
    list.replaceChildren(...nodes.map((node, index) => make('option', { value: index }, cut(node || 'this machine', 60))));
    this.nodes = nodes;
  }

  /** What there is to draw: curves that say nothing are left out. */
  list({ throughput, running, resources }) {
    const bins = (bin, values) => values.map((value, index) => [index * bin, value]);
    const charts = [
      { title: 'Tasks ended per second', unit: format.number, isStepped: true, bin: throughput.bin, curves: [
        { name: 'done', colour: 'done', points: bins(throughput.bin, throughput.done.map((value) => value / throughput.bin)) },
        { name: 'failed', colour: 'failed', points: bins(throughput.bin, throughput.failed.map((value) => value / throughput.bin)) }] },
      { title: 'Running', unit: format.number, isStepped: true, bin: running.bin, curves: [
        { name: 'tasks', colour: 'running', points: bins(running.bin, running.tasks) },
        { name: 'cores', colour: 'queued', points: bins(running.bin, running.cores) }] },
    ];
    const chosen = this.nodes?.[byId('node').value || 0];
    for (const series of resources.filter((one) => one.node === chosen)) {
      const along = (values) => series.time.map((time, index) => [time, values[index]]).filter((point) => point[1] !== null);
      const add = (title, unit, top, ...curves) => {
        const known = curves.map(([name, colour, values]) => ({ name, colour, points: along(values) })).filter((one) => one.points.length);
        if (known.length) charts.push({ title, unit, top, curves: known });
      };
      if (series.gpu !== null) {
        add(`GPU ${series.gpu}`, format.percent, 100, ['busy', 'accent', series.gpu_percent], ['memory', 'cancelled', series.memory]);
        continue;
      }
      add('Processor and memory', format.percent, 100, ['processor', 'running', series.cpu], ['memory', 'cancelled', series.memory]);
      add('Disk, since the sample before', format.bytes, null, ['read', 'done', series.disk_read], ['written', 'queued', series.disk_write]);
      add('Network, since the sample before', format.bytes, null, ['received', 'done', series.net_recv], ['sent', 'queued', series.net_sent]);
    }
    return charts;
  }

  draw() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      const charts = this.list(this.page.run);
      for (const [title, kept] of this.charts) {
        if (charts.some((chart) => chart.title === title)) continue;
        kept.figure.remove();
        this.charts.delete(title);
      }
      for (const chart of charts) this.paint(chart);
    });
  }

  keep(chart) {
    const known = this.charts.get(chart.title);
    if (known) return known;
    const value = make('span', { class: 'value' });
    const canvas = make('canvas', { role: 'img' });
    const caption = make('figcaption', {}, make('strong', {}, chart.title),
      ...chart.curves.map((curve) => {
        const key = make('span', { class: 'key' }, curve.name);
        key.style.setProperty('--tone', `var(--${curve.colour})`);
        return key;
      }), value);
    const kept = { canvas, value, figure: make('figure', {}, caption, make('div', {}, canvas)) };
    canvas.addEventListener('pointermove', (event) => {
      const box = canvas.getBoundingClientRect();
      kept.pointer = event.clientX - box.left;
      this.draw();
    });
    canvas.addEventListener('pointerleave', () => {
      kept.pointer = null;
      this.draw();
    });
    byId('curves').append(kept.figure);
    this.charts.set(chart.title, kept);
    return kept;
  }

  paint(chart) {
    const kept = this.keep(chart);
    const height = 150;
    const { context, width } = prepare(kept.canvas, height);
    const end = Math.max(this.page.run.session.duration || 0, 1e-6);
    const most = chart.top ?? Math.max(1e-9, ...chart.curves.map((curve) => curve.points.reduce((a, b) => Math.max(a, b[1]), 0)));
    const [left, bottom, top] = [4, height - 18, 14];
    const x = (time) => left + (time / end) * (width - left - 4);
    const y = (value) => bottom - (value / most) * (bottom - top);
    context.fillStyle = colours.of('line');
    for (const share of [0, 0.5, 1]) context.fillRect(left, y(most * share), width, 1);
    context.fillStyle = colours.of('muted');
    context.fillText(chart.unit(most), left, top - 4);
    for (const time of ticks(0, end, width / 100).slice(0, -1)) context.fillText(format.seconds(time), x(time), height - 4);
    for (const curve of chart.curves) this.line(context, chart, curve, x, y, end, bottom);
    const time = kept.pointer === null || kept.pointer === undefined ? null : ((kept.pointer - left) / (width - left - 4)) * end;
    if (time !== null) {
      context.fillStyle = colours.of('muted');
      context.fillRect(x(time), top, 1, bottom - top);
    }
    const now = chart.curves.map((curve) => {
      const point = time === null ? curve.points.at(-1) : curve.points.findLast((candidate) => candidate[0] <= time) ?? curve.points[0];
      return `${curve.name} ${point ? chart.unit(point[1]) : '–'}`;
    }).join(', ');
    say(kept.value, time === null ? now : `at ${format.seconds(time)}: ${now}`);
    kept.canvas.setAttribute('aria-label', `${chart.title}; at the end ${now}; highest ${chart.unit(most)}`);
  }

  line(context, chart, { colour, points }, x, y, end, bottom) {
    if (points.length === 0) return;
    context.beginPath();
    if (chart.isStepped) {
      context.moveTo(x(points[0][0]), y(points[0][1]));
      for (const [time, value] of points) {
        context.lineTo(x(time), y(value));
        context.lineTo(x(Math.min(time + chart.bin, end)), y(value));
      }
    } else {
      points.forEach(([time, value], index) => (index ? context.lineTo(x(time), y(value)) : context.moveTo(x(time), y(value))));
    }
    context.strokeStyle = colours.of(colour);
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.stroke();
    context.lineTo(x(Math.min(points.at(-1)[0] + (chart.bin || 0), end)), bottom);
    context.lineTo(x(points[0][0]), bottom);
    context.globalAlpha = 0.13;
    context.fillStyle = colours.of(colour);
    context.fill();
    context.globalAlpha = 1;
  }
}
