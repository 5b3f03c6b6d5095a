// What every part uses: elements, texts of numbers, colours. Whatever comes from the run becomes text, never markup.

const states = ['waiting', 'queued', 'running', 'done', 'failed', 'cancelled'];
const barOrder = ['done', 'failed', 'cancelled', 'running', 'queued', 'waiting'];

const byId = (id) => document.getElementById(id);

/** An element; attributes that are null are left out, children are elements or texts. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'onclick') element.addEventListener('click', value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function makeSVG(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Changes a text only where it differs, so that nothing is laid out or read aloud again. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** As many characters as fit into a label; whole characters. */
function cut(text, length) {
  const characters = Array.from(text.length > 4 * length ? text.slice(0, 4 * length) : text);
  return characters.length <= length ? text : characters.slice(0, length - 1).join('') + '…';
}

/** A name from the run: kept apart from the direction of what stands around it, and cut by the style, not here. */
const named = (text) => make('bdi', { class: 'text' }, cut(text || '(unnamed)', 400));

const format = {
  count: (value) => (value ?? 0).toLocaleString('en-US', { maximumFractionDigits: 0 }),
  number(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–';
    const size = Math.abs(value);
    if (size >= 1000) return format.count(value);
    return String(Number(value.toPrecision(3)));
  },
  seconds(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–';
    const size = Math.abs(value);
    if (size < 0.0005) return size === 0 ? '0 s' : `${format.number(value * 1e6)} µs`;
    if (size < 0.9995) return `${format.number(value * 1e3)} ms`;
    if (size < 60) return `${format.number(value)} s`;
    const total = Math.round(size);
    const pad = (part) => String(part).padStart(2, '0');
    const minutes = Math.floor(total / 60) % 60;
    if (total < 3600) return `${minutes} min ${pad(total % 60)} s`;
    if (total < 172800) return `${Math.floor(total / 3600)} h ${pad(minutes)} min`;
    return `${Math.floor(total / 86400)} d ${Math.floor(total / 3600) % 24} h`;
  },
  bytes(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–';
    let rest = value;
    for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
      if (Math.abs(rest) < 1024) return `${format.number(rest)} ${unit}`;
      rest /= 1024;
    }
    return `${format.number(rest)} TiB`;
  },
  percent: (value) => (Number.isFinite(value) ? `${format.number(value)} %` : '–'),
};

const colours = {
  style: getComputedStyle(document.documentElement),
  of: (name) => colours.style.getPropertyValue(`--${name}`).trim(),
  isDark: () => matchMedia('(prefers-color-scheme: dark)').matches,
  hues: [212, 38, 150, 275, 185, 320, 95, 245, 58, 168],
  /** A name's colour: neighbours differ, and none is the red of failures. */
  ofName(index) {
    const hue = colours.hues[index % colours.hues.length];
    const shade = 7 * (Math.floor(index / colours.hues.length) % 3);
    return colours.isDark() ? `hsl(${hue} 46% ${56 + shade}%)` : `hsl(${hue} 48% ${46 - shade}%)`;
  },
};

/** How many there are in any state. */
const sumOf = (counts) => states.reduce((sum, state) => sum + (counts[state] || 0), 0);

/** A bar of shares; says in words what it shows. */
function fillBar(bar, counts) {
  const total = sumOf(counts);
  if (bar.childElementCount !== barOrder.length) {
    bar.replaceChildren(...barOrder.map((state) => make('span', { class: `state-${state}` })));
    bar.setAttribute('role', 'img');
  }
  barOrder.forEach((state, index) => {
    const share = total ? `${(100 * (counts[state] || 0)) / total}%` : '0';
    const part = bar.children[index];
    if (part.style.width !== share) part.style.width = share;
  });
  const words = barOrder.filter((state) => counts[state]).map((state) => `${format.count(counts[state])} ${state}`);
  bar.setAttribute('aria-label', words.join(', ') || 'none');
}

/** A canvas in device pixels, cleared, with its size in CSS pixels. */
function prepare(canvas, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const width = Math.max(50, canvas.parentElement.clientWidth);
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = '11px system-ui, "DejaVu Sans", sans-serif';
  return { context, width };
}

/** Round steps for an axis. */
function ticks(from, to, count) {
  const rough = (to - from) / Math.max(1, count);
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  const result = [];
  for (let value = Math.ceil(from / step) * step; value <= to + step * 1e-6; value += step) result.push(value);
  return result;
}
