// Parts that are fetched after the page, because they wait for somebody else: without scripts a link leads to each.
async function fill(part) {
  try {
    const answer = await fetch(part.dataset.part, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById(part.id);
    if (!found) return;
    part.replaceChildren(...document.adoptNode(found).childNodes);
    part.dataset.every = found.dataset.every || "";
  } catch {
    // The link that stands there still leads to it.
  } finally {
    const seconds = Number(part.dataset.every || 0);
    if (seconds) setTimeout(() => fill(part), seconds * 1000);
  }
}

export function parts() {
  for (const part of document.querySelectorAll("[data-part]")) fill(part);
}
