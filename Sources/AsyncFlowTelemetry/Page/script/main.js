// Puts the parts together, and listens to what is for the whole page.

class Page {
  constructor() {
    const embedded = JSON.parse(byId('run-data').textContent.trim() || 'null');
    this.source = embedded ? new ReportSource(embedded) : new LiveSource();
    this.run = null;
    this.views = [];
    this.updates = 0;
    byId('help-button').addEventListener('click', () => this.help());
    for (const dialog of document.querySelectorAll('dialog')) {
      dialog.addEventListener('click', (event) => {
        if (event.target === dialog || event.target.hasAttribute('data-close')) dialog.close();
      });
    }
    document.addEventListener('keydown', (event) => this.key(event));
    window.addEventListener('resize', () => this.redraw());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.recolour());
  }

  start() {
    this.source.start({ changed: (parts) => this.changed(parts), connection: (state) => this.connection(state) });
  }

  changed(parts) {
    const isFirst = this.run === null;
    this.run = isFirst ? parts : Object.assign(this.run, parts);
    if (isFirst) {
      this.tasks = new TaskList(this);
      this.detail = new Detail(this);
      this.timeline = new Timeline(this);
      this.views = [new Panels(this), this.timeline, new Graph(this), new Curves(this), this.tasks, this.detail,
        new Questions(this)];
    }
    const changed = new Set(Object.keys(parts));
    for (const view of this.views) view.show(this.run, changed);
    this.updates += 1;
    document.documentElement.dataset.updates = this.updates;
  }

  connection(state) {
    const texts = {
      live: 'live', ended: 'the run has ended', lost: 'connection lost; trying again', report: 'report',
    };
    byId('connection').dataset.state = state;
    say(byId('connection'), texts[state]);
    document.documentElement.dataset.connection = state;
  }

  complain(what, error) {
    byId('notice').hidden = false;
    say(byId('notice'), `${what}: ${cut(error.message || String(error), 300)}`);
  }

  taskLink(number, id) {
    return make('button', { type: 'button', class: 'link', 'data-number': number, onclick: () => this.detail.open(number) }, cut(id, 80));
  }

  redraw() {
    if (!this.run) return;
    this.timeline.draw();
    for (const view of this.views) if (view instanceof Curves) view.draw();
  }

  recolour() {
    if (!this.run) return;
    document.querySelectorAll('#names tbody tr').forEach((row) => {
      row.querySelector('.swatch').style.background = colours.ofName(Number(row.dataset.name));
    });
    this.redraw();
  }

  // Keys

  get sections() {
    return Array.from(document.querySelectorAll('section[data-key]'));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (event.target instanceof HTMLElement && event.target.matches('select, input, textarea')) return;
    if (event.key === '?') {
      this.help();
      return;
    }
    const section = this.sections.find((candidate) => candidate.dataset.key === event.key && !candidate.hidden);
    if (!section) return;
    section.scrollIntoView({ block: 'start' });
    const inner = section.querySelector('canvas[tabindex], .graph .node[tabindex="0"]');
    (inner || section).focus({ preventScroll: true });
  }

  help() {
    const keys = [['?', 'these keys'], ['Tab', 'to the next thing that can be used'],
      ...this.sections.filter((section) => !section.hidden).map((section) =>
        [section.dataset.key, `to: ${section.querySelector('h2').firstChild.textContent.trim()}`]),
      ['← →', 'timeline: task before, after; graph: along the edges'], ['↑ ↓', 'timeline: lane above, below; graph: node above, below'],
      ['+ −', 'timeline, graph: larger, smaller'], ['0', 'timeline: the whole run'], ['Shift ← →', 'timeline: move'],
      ['Enter', 'opens the chosen task'], ['Esc', 'closes what is open']];
    byId('help-keys').replaceChildren(...keys.flatMap(([key, text]) => [make('dt', {}, make('kbd', {}, key)), make('dd', {}, text)]));
    byId('help').showModal();
  }
}

const page = new Page();
page.start();
