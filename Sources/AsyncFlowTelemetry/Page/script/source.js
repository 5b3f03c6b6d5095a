// Where the data comes from: a server that is asked and that tells, or what is embedded in a report.

/** A running dashboard. */
class LiveSource {
  constructor() {
    this.isLive = true;
  }

  async fetch(path) {
    const response = await fetch(path, { credentials: 'same-origin', cache: 'no-store' });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Calls back with the whole run at first, then with parts that changed, and with how the connection is. */
  start({ changed, connection }) {
    let isOver = false;
    const events = new EventSource('api/events');
    events.addEventListener('open', () => connection('live'));
    events.addEventListener('update', (event) => changed(JSON.parse(event.data)));
    events.addEventListener('end', () => {
      isOver = true;
      connection('ended');
      events.close();
    });
    events.addEventListener('error', () => {
      if (!isOver) connection('lost');
    });
  }

  lanes(by, from, to, width) {
    const range = from === null ? '' : `&from=${from}&to=${to}`;
    return this.fetch(`api/lanes?by=${by}${range}&width=${Math.round(width)}`);
  }

  task(number) {
    return this.fetch(`api/task/${number}`);
  }

  tasks(filter) {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(filter)) if (value !== '' && value !== null) query.set(key, value);
    return this.fetch(`api/tasks?${query}`);
  }
}

/** A finished run within the page. */
class ReportSource {
  constructor(run) {
    this.isLive = false;
    this.run = run;
    this.byNumber = new Map((run.tasks || []).map((task) => [task.number, task]));
  }

  start({ changed, connection }) {
    changed(this.run);
    connection('report');
  }

  async lanes(by) {
    return by === 'workflow' && this.run.workflow_lanes ? this.run.workflow_lanes : this.run.lanes;
  }

  async task(number) {
    const task = this.byNumber.get(number);
    if (!task) throw new Error('A report of so many tasks has the details of the slowest, failed and critical ones only.');
    return task;
  }

  async tasks({ name, state, offset, limit }) {
    const wanted = name === '' ? null : this.run.names[name].name;
    const found = (this.run.tasks || []).filter(
      (task) => (wanted === null || task.name === wanted) && (state === '' || task.state === state));
    return { total: found.length, tasks: found.slice(offset, offset + limit) };
  }
}
