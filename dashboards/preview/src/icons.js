// Grafana's components ask for each icon by itself; how wide a text may be depends on whether one has arrived.
const underWay = new Set();
const ask = window.fetch.bind(window);

window.fetch = (...request) => {
  const answer = ask(...request);
  underWay.add(answer);
  const done = () => underWay.delete(answer);
  answer.then(done, done);
  return answer;
};

/** Resolve when no icon is under way. */
export async function iconsAwaited() {
  while (underWay.size) {
    await Promise.allSettled(underWay);
  }
}
