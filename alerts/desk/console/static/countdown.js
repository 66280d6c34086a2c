// Time left, counted by the desk's clock: the difference to the browser's own is taken once, when the page arrives.
const ahead = Number(document.body.dataset.now) - Date.now();
const units = document.body.dataset.units.split(",");

function span(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const parts = [
    Math.floor(whole / 86400),
    Math.floor((whole % 86400) / 3600),
    Math.floor((whole % 3600) / 60),
    whole % 60,
  ];
  let first = parts.findIndex((value) => value > 0);
  if (first < 0) first = 3;
  const shown = parts.slice(first, first + 2).map((value, place) => `${value} ${units[first + place]}`);
  return (seconds < 0 && whole ? "−" : "") + shown.join(" ");
}

export function tick() {
  const now = Date.now() + ahead;
  for (const element of document.querySelectorAll("[data-deadline]")) {
    const seconds = (Number(element.dataset.deadline) - now) / 1000;
    const text = span(seconds);
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("late", seconds <= 0);
  }
}

export function countdown() {
  tick();
  setInterval(tick, 1000);
}
