// A new critical ticket nobody has taken: two short tones and a number in the tab. The tones are made here, no file.
const KEY = "ottwatch-muted";
const button = document.getElementById("mute");
let title = document.title;
let heard = null;

function muted() {
  return localStorage.getItem(KEY) === "yes";
}

function label() {
  button.textContent = muted() ? button.dataset.off : button.dataset.on;
  button.setAttribute("aria-pressed", String(muted()));
}

function ring() {
  const context = new AudioContext();
  for (const [start, pitch] of [[0, 880], [0.25, 660]]) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.2, context.currentTime + start);
    volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + start + 0.2);
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + start);
    tone.stop(context.currentTime + start + 0.22);
  }
  setTimeout(() => context.close(), 1000);
}

// Returns what a fresh part of the page is shown to.
export function bell() {
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      localStorage.setItem(KEY, muted() ? "no" : "yes");
      label();
    });
    label();
  }
  return (part) => {
    if (part.dataset.title) title = part.dataset.title;
    const urgent = Number(part.dataset.urgent || 0);
    document.title = urgent ? `(${urgent}) ▲ ${title}` : title;
    if (!("critical" in part.dataset)) return;
    const newest = Number(part.dataset.critical);
    if (heard !== null && newest > heard) {
      document.body.dataset.rang = String(newest);
      if (!muted()) ring();
    }
    heard = Math.max(heard ?? 0, newest);
  };
}
