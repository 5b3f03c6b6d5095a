// The list of tasks, and everything about one of them.

class TaskList {
  constructor(page) {
    this.page = page;
    this.offset = 0;
    this.limit = 25;
    byId('tasks-state').append(make('option', { value: '' }, 'any'), ...states.map((state) => make('option', { value: state }, state)));
    byId('tasks-name').append(make('option', { value: '' }, 'any'));
    for (const id of ['tasks-name', 'tasks-state']) byId(id).addEventListener('change', () => this.turn(-this.offset));
    byId('tasks-back').addEventListener('click', () => this.turn(-this.limit));
    byId('tasks-on').addEventListener('click', () => this.turn(this.limit));
  }

  show(run, parts) {
    const list = byId('tasks-name');
    const limit = Math.min(run.names.length, 2000);
    for (let index = list.options.length - 1; index < limit; index += 1) {
      list.append(make('option', { value: index }, cut(run.names[index].name || '(unnamed)', 60)));
    }
    // Those without a task any more have a place, but nothing to show.
    for (let index = 0; index < limit; index += 1) list.options[index + 1].hidden = sumOf(run.names[index]) === 0;
    if (parts.has('totals') || !this.asked) this.ask();
  }

  showName(index) {
    const list = byId('tasks-name');
    if (index >= list.options.length - 1) list.append(make('option', { value: index }, cut(this.page.run.names[index].name, 60)));
    list.value = index < 0 ? '' : String(index);
    byId('tasks-state').value = '';
    this.turn(-this.offset);
    byId('tasks-card').scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
    byId('tasks-card').focus({ preventScroll: true });
  }

  turn(by) {
    this.offset = Math.max(0, this.offset + by);
    this.ask();
  }

  /** One question at a time; the last wish counts. */
  async ask() {
    this.asked = true;
    if (this.isAsking) {
      this.isStale = true;
      return;
    }
    this.isAsking = true;
    do {
      this.isStale = false;
      try {
        const filter = { name: byId('tasks-name').value, state: byId('tasks-state').value, offset: this.offset, limit: this.limit };
        this.fill(await this.page.source.tasks(filter));
      } catch (error) {
        this.page.complain('The list of tasks can’t be had', error);
      }
    } while (this.isStale);
    this.isAsking = false;
  }

  fill({ total, tasks }) {
    if (this.offset > 0 && this.offset >= total) {
      this.turn(-this.limit);
      return;
    }
    const key = JSON.stringify(tasks.map((task) => [task.number, task.state, task.started, task.ended]));
    if (this.key !== key) {
      this.key = key;
      const focused = document.activeElement?.dataset?.number;
      byId('tasks').tBodies[0].replaceChildren(...tasks.map((task) => make('tr', {},
        make('td', {}, this.page.taskLink(task.number, task.id)), make('td', {}, named(task.name)),
        make('td', {}, make('span', { class: `state state-${task.state}` }, task.state)),
        make('td', { class: 'number' }, format.seconds(task.started)),
        make('td', { class: 'number' }, task.started === null || task.ended === null ? '–' : format.seconds(task.ended - task.started)))));
      if (focused) byId('tasks').querySelector(`[data-number="${Number(focused)}"]`)?.focus({ preventScroll: true });
    }
    byId('tasks-back').disabled = this.offset === 0;
    byId('tasks-on').disabled = this.offset + tasks.length >= total;
    const last = this.offset + tasks.length;
    say(byId('tasks-range'), total ? `${format.count(this.offset + 1)}–${format.count(last)} of ${format.count(total)}` : 'none');
  }
}

class Detail {
  constructor(page) {
    this.page = page;
    this.dialog = byId('detail');
  }

  /** Follows a task that hasn't ended while it is looked at. */
  show(run, parts) {
    if (this.dialog.open && parts.has('totals') && this.task && this.task.ended === null) this.open(this.task.number, true);
  }

  async open(number, isAgain = false) {
    this.wanted = number;
    let task;
    try {
      task = await this.page.source.task(number);
    } catch (error) {
      this.page.complain('The task can’t be had', error);
      return;
    }
    if (this.wanted !== number || (isAgain && !this.dialog.open)) return;
    const key = JSON.stringify(task);
    if (isAgain && key === this.key) return;
    this.key = key;
    this.task = task;
    byId('detail-title').replaceChildren(named(task.name), make('span', { class: 'muted' }, ` ${cut(task.id, 80)}`));
    const focused = isAgain ? document.activeElement?.dataset?.number : null;
    byId('detail-body').replaceChildren(...this.content(task));
    if (!this.dialog.open) this.dialog.showModal();
    if (!isAgain) this.dialog.scrollTop = 0;
    if (focused) byId('detail-body').querySelector(`[data-number="${Number(focused)}"]`)?.focus();
  }

  content(task) {
    const facts = [];
    const add = (label, value) => {
      if (value !== null && value !== undefined && value !== '–') facts.push(make('dt', {}, label), make('dd', {}, value));
    };
    const span = (from, to) => (from === null || to === null ? null : format.seconds(to - from));
    add('state', make('span', { class: `state state-${task.state}` }, task.state));
    add('kind', task.kind);
    add('workflow', task.workflow === null ? null : named(task.workflow));
    add('made by', task.block === null ? null : named(task.block));
    add('backend', task.backend);
    add('worker', task.worker === null ? null : String(task.worker));
    add('called at', format.seconds(task.created));
    add('dependencies there at', format.seconds(task.resolved));
    add('queued at', format.seconds(task.queued));
    add('started at', format.seconds(task.started));
    add('ended at', format.seconds(task.ended));
    add('waited for dependencies', span(task.created, task.resolved ?? task.queued));
    add('then waited', task.started === null ? null
      : `${span(task.resolved ?? task.queued ?? task.created, task.started) ?? '–'}${task.waited_for ? `, for ${task.waited_for}` : ''}`);
    add('ran', span(task.started, task.ended));
    add('attempts', task.attempts > 1 ? String(task.attempts) : null);
    add('cores', task.cores === null ? null : format.number(task.cores));
    add('processor time', format.seconds(task.cpu_seconds));
    add('most memory', format.bytes(task.peak_memory_bytes));
    const content = [];
    if (task.why_waiting) content.push(make('p', { class: 'why' }, task.why_waiting));
    content.push(make('dl', { class: 'facts' }, ...facts));
    if (task.error) {
      content.push(make('h3', {}, task.state === 'failed' ? 'Why it failed' : 'What went wrong'),
        make('p', { class: 'message' }, task.error.type ? make('strong', {}, `${cut(task.error.type, 200)}: `) : null, task.error.message));
      if (task.error.stderr) content.push(make('pre', { tabindex: 0, 'aria-label': 'standard error' }, task.error.stderr));
    }
    content.push(...this.links('Depends on', task.dependencies, task.dependency_count));
    content.push(...this.links('Needed by', task.dependents, task.dependent_count));
    return content;
  }

  links(title, tasks, count) {
    if (count === 0) return [make('p', { class: 'muted' }, `${title}: none`)];
    return [make('h3', {}, `${title} (${format.count(count)})`), make('ul', { class: 'links' }, ...tasks.map((task) => make('li', {},
      make('span', { class: `state state-${task.state}` }, `${task.state} `), this.page.taskLink(task.number, task.id), ' ', named(task.name))),
    tasks.length < count ? make('li', { class: 'muted' }, `and ${format.count(count - tasks.length)} more`) : null)];
  }
}
