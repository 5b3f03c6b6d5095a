// What the run asks people: only on a server's page, which passes the answers on.

class Questions {
  constructor(page) {
    this.page = page;
    this.known = '';
    if (!page.source.isLive) return;
    this.timer = setInterval(() => this.look(), 2000);
    this.look();
  }

  show() {}

  async look() {
    if (document.documentElement.dataset.connection === 'ended') {
      clearInterval(this.timer);
      this.draw([]);
      return;
    }
    try {
      this.draw((await this.page.source.fetch('api/questions')).questions);
    } catch {
      // The connection says so itself.
    }
  }

  draw(questions) {
    const text = JSON.stringify(questions);
    if (text === this.known) return;
    this.known = text;
    byId('questions-card').hidden = questions.length === 0;
    byId('questions').replaceChildren(...questions.map((question) => this.item(question)));
  }

  item({ name, type, text, deadline }) {
    const until = deadline ? ` · until ${new Date(deadline * 1000).toLocaleString()}` : '';
    const button = (label, answer) => make('button', {
      type: 'button', class: 'answer', onclick: () => this.send(name, answer()),
    }, label);
    const controls = [];
    if (type === 'Bool') {
      controls.push(button('Yes', () => 'true'), button('No', () => 'false'));
    } else {
      const field = make('input', { type: 'text', 'aria-label': `answer to ${name}`, maxlength: 10000 });
      controls.push(field, button('Send', () => (type === 'String' ? JSON.stringify(field.value) : field.value)));
    }
    return make('li', { 'data-question': name }, make('p', {}, named(text || name)),
      make('p', { class: 'faint' }, named(name), ` (${cut(type, 60)})${until}`), ...controls);
  }

  async send(name, json) {
    try {
      const response = await fetch(`api/signals/${encodeURIComponent(name)}`, {
        method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body: json,
      });
      if (!response.ok) throw new Error(await response.text());
    } catch (error) {
      this.page.complain(`The answer to '${cut(name, 100)}' wasn't taken`, error);
    }
    this.look();
  }
}
