// A button that is pressed twice sends its form once: the second press comes before the answer to the first.
const WAIT = 3000; // milliseconds until the form may be sent again, as that of a download has to be

export function once() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if ("sent" in form.dataset) event.preventDefault();
    else {
      form.dataset.sent = "";
      setTimeout(() => delete form.dataset.sent, WAIT);
    }
  });
}
