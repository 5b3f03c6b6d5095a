// The graph, from left to right by layers; a node is a task, or all tasks of a name. Arrow keys go along the edges.

class Graph {
  constructor(page) {
    this.page = page;
    this.frame = byId('graph');
    this.zoom = 1;
    byId('graph-in').addEventListener('click', () => this.scale(1.25));
    byId('graph-out').addEventListener('click', () => this.scale(0.8));
    this.frame.addEventListener('keydown', (event) => this.key(event));
  }

  show(run, parts) {
    if (!parts.has('graph')) return;
    const { graph } = run;
    say(byId('graph-note'), graph.folded ? `${format.count(run.totals.created)} tasks, one node per name` : '');
    // While only states change the picture stays, and with it the focus and where it is scrolled to.
    const shape = JSON.stringify([graph.nodes.map((node) => [node.id, node.layer, node.order]), graph.edges.map((edge) => [edge[0], edge[1]])]);
    if (this.shape !== shape) {
      this.shape = shape;
      this.build(graph);
    }
    graph.nodes.forEach((node, index) => this.mark(this.nodes[index], node));
  }

  build(graph) {
    const [nodeWidth, nodeHeight, across, down] = [170, 38, 70, 14];
    const place = (node) => [10 + node.layer * (nodeWidth + across), 10 + node.order * (nodeHeight + down)];
    const width = 20 + nodeWidth + Math.max(0, ...graph.nodes.map((node) => place(node)[0]));
    const height = 20 + nodeHeight + Math.max(0, ...graph.nodes.map((node) => place(node)[1]));
    const most = Math.max(1, ...graph.edges.map((edge) => edge[2]));
    const edges = graph.edges.map(([from, to, count]) => {
      const [[x, y], [toX, toY]] = [place(graph.nodes[from]), place(graph.nodes[to])];
      const [startX, startY, endX, endY] = [x + nodeWidth, y + nodeHeight / 2, toX, toY + nodeHeight / 2];
      const bend = from === to ? 60 : Math.max(30, (endX - startX) / 2);
      const lift = from === to ? -40 : 0;
      return makeSVG('path', {
        class: 'edge', 'stroke-width': (1 + (2.5 * Math.log1p(count)) / Math.log1p(most)).toFixed(2),
        d: `M${startX} ${startY} C${startX + bend} ${startY + lift} ${endX - bend} ${endY + lift} ${endX} ${endY}`,
      });
    });
    this.nodes = graph.nodes.map((node, index) => {
      const [x, y] = place(node);
      const title = makeSVG('title');
      const small = makeSVG('text', { class: 'small', x: 14, y: 30 });
      const group = makeSVG('g', { class: 'node', transform: `translate(${x} ${y})`, tabindex: index === 0 ? 0 : -1, role: 'button' },
        title, makeSVG('rect', { width: nodeWidth, height: nodeHeight, rx: 6 }),
        makeSVG('rect', { class: 'mark', width: 5, height: nodeHeight, rx: 2.5 }),
        makeSVG('text', { x: 14, y: 16 }, cut(node.label, 21)), small);
      group.addEventListener('click', () => this.open(index));
      return { group, title, small, x, y };
    });
    this.edges = graph.edges;
    this.svg = makeSVG('svg', { role: 'group', 'aria-label': `${graph.nodes.length} nodes, ${graph.edges.length} edges` },
      makeSVG('g', {}, ...edges), makeSVG('g', {}, ...this.nodes.map((node) => node.group)));
    this.size = [width, height];
    this.frame.replaceChildren(graph.nodes.length ? this.svg : make('p', { class: 'muted' }, 'There is no task yet.'));
    this.scale(1);
  }

  mark(kept, node) {
    const counts = states.filter((state) => node.states[state]).map((state) => `${format.count(node.states[state])} ${state}`);
    const text = this.page.run.graph.folded ? counts.join(', ') : node.state;
    const type = `node state-${node.state}`;
    if (kept.group.getAttribute('class') !== type) kept.group.setAttribute('class', type);
    say(kept.small, cut(text, 28));
    const words = `${cut(node.label, 200)}: ${text}`;
    if (kept.title.textContent === words) return;
    say(kept.title, words);
    kept.group.setAttribute('aria-label', words);
  }

  scale(factor) {
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.15), 3);
    if (!this.svg) return;
    const [width, height] = this.size;
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.setAttribute('width', width * this.zoom);
    this.svg.setAttribute('height', height * this.zoom);
  }

  open(index) {
    const node = this.page.run.graph.nodes[index];
    if (this.page.run.graph.folded) {
      const name = this.page.run.names.findIndex((facts) => facts.name === node.name);
      this.page.tasks.showName(name);
    } else {
      this.page.detail.open(node.number);
    }
  }

  key(event) {
    if (!this.nodes || this.nodes.length === 0) return;
    if (event.key === '+' || event.key === '-') {
      this.scale(event.key === '+' ? 1.25 : 0.8);
      return;
    }
    const current = this.nodes.findIndex((node) => node.group === document.activeElement);
    if (current < 0) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.open(current);
      return;
    }
    const next = this.neighbour(current, event.key);
    if (next === null) return;
    event.preventDefault();
    this.nodes[current].group.setAttribute('tabindex', -1);
    this.nodes[next].group.setAttribute('tabindex', 0);
    this.nodes[next].group.focus();
    this.nodes[next].group.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  neighbour(current, key) {
    const here = this.nodes[current];
    const nearest = (candidates) => (candidates.length === 0 ? null : candidates.reduce((best, index) =>
      (Math.abs(this.nodes[index].y - here.y) < Math.abs(this.nodes[best].y - here.y) ? index : best)));
    const column = () => this.nodes.map((_, index) => index).filter((index) => index !== current && this.nodes[index].x === here.x);
    switch (key) {
      case 'ArrowRight': return nearest(this.edges.filter(([from, to]) => from === current && to !== current).map((edge) => edge[1]));
      case 'ArrowLeft': return nearest(this.edges.filter(([from, to]) => to === current && from !== current).map((edge) => edge[0]));
      case 'ArrowDown': return nearest(column().filter((index) => this.nodes[index].y > here.y));
      case 'ArrowUp': return nearest(column().filter((index) => this.nodes[index].y < here.y));
      case 'Home': return 0;
      case 'End': return this.nodes.length - 1;
      default: return null;
    }
  }
}
