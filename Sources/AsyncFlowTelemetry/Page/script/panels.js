// Tiles, names, workflows, failures, analysis: what is read rather than explored.

class Panels {
  constructor(page) {
    this.page = page;
    this.nameLimit = 100;
    this.rows = { names: [], workflows: [] };
    byId('names-more').addEventListener('click', () => {
      this.nameLimit *= 10;
      this.names(page.run);
    });
  }

  show(run, parts) {
    this.session(run);
    this.tiles(run);
    if (parts.has('names')) this.names(run);
    if (parts.has('workflows')) this.workflows(run);
    if (parts.has('failures')) this.failures(run);
    if (parts.has('analysis')) this.analysis(run);
  }

  session({ session }) {
    const facts = [session.id, session.host, session.cores ? `${format.number(session.cores)} cores` : null,
      session.memory_bytes ? format.bytes(session.memory_bytes) : null];
    say(byId('session'), facts.filter(Boolean).join(' · '));
    const title = session.id ? `${cut(session.id, 60)} · AsyncFlow` : 'AsyncFlow';
    if (document.title !== title) document.title = title;
    const notes = [];
    if (session.reused) notes.push(`${format.count(session.reused)} tasks have a value of an earlier run.`);
    if (session.dropped) notes.push(`${format.count(session.dropped)} events were left out because their reader was too slow: counts may be too low.`);
    if (session.truncated) notes.push('The recording ends in the middle of the run: tasks that run here may have ended.');
    byId('notice').hidden = notes.length === 0;
    say(byId('notice'), notes.join(' '));
  }

  tiles(run) {
    const { totals, session, running } = run;
    const ended = totals.done + totals.failed + totals.cancelled;
    const busy = running.cores.at(-1);
    const tiles = [
      ['created', 'tasks', format.count(totals.created), totals.created],
      ['done', 'done', format.count(totals.done), totals.done],
      ['running', 'running', format.count(totals.running), totals.running],
      ['queued', 'queued', format.count(totals.queued), totals.queued],
      ['waiting', 'waiting', format.count(totals.waiting), totals.waiting],
      ['failed', 'failed', format.count(totals.failed), totals.failed],
      ['cancelled', 'cancelled', format.count(totals.cancelled), totals.cancelled],
      ['duration', run.live ? 'elapsed' : 'duration', format.seconds(session.duration), session.duration],
      ['rate', 'per second', session.duration > 0 ? format.number(ended / session.duration) : '–', ended],
    ];
    if (run.live) tiles.push(['cores', 'cores busy', format.number(busy), busy]);
    const list = byId('tiles');
    const keys = tiles.map((tile) => tile[0]).join();
    if (list.dataset.keys !== keys) {
      list.dataset.keys = keys;
      list.replaceChildren(...tiles.map(([key]) => make('div', { class: 'tile', 'data-total': key }, make('dt'), make('dd'))));
    }
    tiles.forEach(([key, label, text, value], index) => {
      const tile = list.children[index];
      say(tile.firstChild, label);
      say(tile.lastChild, text);
      tile.lastChild.dataset.value = value;
      tile.dataset.tone = key === 'failed' && value > 0 ? 'failed' : '';
    });
    fillBar(byId('total-bar'), totals);
  }

  /** Rows are kept: a focus stays where it is, and nothing flickers. */
  fill(table, kept, items, makeRow, update) {
    const body = byId(table).tBodies[0];
    while (kept.length > items.length) kept.pop().row.remove();
    items.forEach((item, index) => {
      if (!kept[index]) {
        kept[index] = makeRow(item);
        body.append(kept[index].row);
      }
      update(kept[index], item);
    });
  }

  names(run) {
    const all = run.names.map((facts, index) => ({ facts, index })).filter(({ facts }) => sumOf(facts) > 0);
    const cells = (count) => Array.from({ length: count }, () => make('td', { class: 'number' }));
    this.fill('names', this.rows.names, all.slice(0, this.nameLimit), () => {
      const label = make('button', { type: 'button', class: 'link' });
      const swatch = make('span', { class: 'swatch', 'aria-hidden': 'true' });
      const bar = make('div', { class: 'bar' });
      const numbers = cells(7);
      const kept = { label, swatch, bar, numbers, index: -1 };
      label.addEventListener('click', () => this.page.tasks.showName(kept.index));
      kept.row = make('tr', {}, make('th', { scope: 'row' }, label), make('td', {}, bar), ...numbers);
      return kept;
    }, (kept, { facts, index }) => {
      if (kept.index !== index) {
        kept.index = index;
        kept.row.dataset.name = index;
        kept.label.replaceChildren(kept.swatch, named(facts.name));
        kept.swatch.style.background = colours.ofName(index);
      }
      fillBar(kept.bar, facts);
      const most = Object.entries(facts.wait).reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
      const texts = [`${format.count(facts.done)} / ${format.count(sumOf(facts))}`, format.count(facts.running),
        format.count(facts.waiting + facts.queued), format.count(facts.failed), format.seconds(facts.median),
        format.seconds(facts.p95), most[1] > 0 ? `${most[0]} (${format.seconds(most[1])})` : '–'];
      texts.forEach((text, column) => say(kept.numbers[column], text));
    });
    const more = byId('names-more');
    more.hidden = all.length <= this.nameLimit;
    say(more, `Show more of ${format.count(all.length)} names`);
  }

  workflows(run) {
    byId('workflows-card').hidden = run.workflows.length === 0;
    this.fill('workflows', this.rows.workflows, run.workflows, () => {
      const label = make('th', { scope: 'row' });
      const bar = make('div', { class: 'bar' });
      const numbers = Array.from({ length: 4 }, () => make('td', { class: 'number' }));
      return { label, bar, numbers, row: make('tr', {}, label, make('td', {}, bar), ...numbers) };
    }, (kept, facts) => {
      if (kept.id !== facts.id) {
        kept.id = facts.id;
        kept.label.replaceChildren(named(facts.id));
      }
      fillBar(kept.bar, facts);
      const end = facts.end ?? run.session.duration;
      const texts = [`${format.count(facts.done)} / ${format.count(facts.created)}`, format.count(facts.failed),
        format.seconds(facts.start), format.seconds(facts.start === null ? null : end - facts.start)];
      texts.forEach((text, column) => say(kept.numbers[column], text));
    });
  }

  failures(run) {
    const list = byId('failures');
    say(byId('failure-count'), run.failure_count ? format.count(run.failure_count) : '');
    const key = run.failures.map((failure) => `${failure.number}:${failure.attempt}:${failure.time}`).join();
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    const open = new Set(Array.from(list.querySelectorAll('details[open]'), (element) => element.dataset.of));
    const entries = run.failures.map((failure) => make('article', { class: 'failure' },
      make('p', {}, this.page.taskLink(failure.number, failure.task), ' ', named(failure.name),
        make('span', { class: 'muted' }, ` at ${format.seconds(failure.time)}`
          + (failure.attempt > 1 ? `, attempt ${failure.attempt}` : ''))),
      make('p', { class: 'message' }, failure.type ? make('strong', {}, `${cut(failure.type, 200)}: `) : null,
        failure.message || 'It failed without a message.'),
      failure.stderr ? make('details', { 'data-of': failure.number, open: open.has(String(failure.number)) },
        make('summary', {}, 'what it wrote to its standard error, at the end'),
        make('pre', { tabindex: 0 }, failure.stderr)) : null));
    if (entries.length === 0) entries.push(make('p', { class: 'muted' }, 'Nothing has failed.'));
    list.replaceChildren(...entries);
  }

  analysis({ analysis }) {
    byId('analysis-card').hidden = !analysis;
    if (!analysis) return;
    byId('findings').replaceChildren(...analysis.findings.map((finding) => make('li', {}, finding)));
    const shown = analysis.critical_path.slice(-100);
    byId('path').tBodies[0].replaceChildren(...shown.map((step) => make('tr', {},
      make('td', {}, this.page.taskLink(step.number, step.task)), make('td', {}, named(step.name)),
      make('td', { class: 'number' }, format.seconds(step.start)),
      make('td', { class: 'number' }, format.seconds(step.end - step.start)),
      make('td', { class: 'number' }, format.seconds(step.waited)), make('td', {}, step.waited > 0 ? step.waited_for : ''))));
  }
}
