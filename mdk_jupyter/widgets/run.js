// Shows the HTML that the kernel draws and counts the seconds of what is running.

function clock(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${seconds.toFixed(0)} s`;
  const two = value => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = Math.floor(seconds) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function render({ model, el }) {
  // The kernel's clock and the browser's may differ: count from when the message came.
  let skew = 0;

  const tick = () => {
    for (const node of el.querySelectorAll('[data-since]')) {
      const seconds = Date.now() / 1000 - skew - Number(node.dataset.since);
      node.textContent = clock(Math.max(0, seconds));
    }
  };

  const draw = () => {
    skew = Date.now() / 1000 - model.get('now');
    const scrolled = el.querySelector('.mdk-graph')?.scrollLeft ?? 0;
    el.innerHTML = model.get('html');
    const graph = el.querySelector('.mdk-graph');
    if (graph) graph.scrollLeft = scrolled;
  };

  draw();
  model.on('change:now', draw);
  const timer = setInterval(tick, 100);
  return () => {
    clearInterval(timer);
    model.off('change:now', draw);
  };
}

export default { render };
