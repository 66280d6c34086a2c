// Text that overlaps other text or is cut off, in elements and on canvases.
import { textsOf } from './canvas.js';

const SLACK = 1.5; // pixels that are the rounding of a font
const TIME = /^[\d:./-]+$/; // a tick of a time axis

export function brokenText({ section }) {
  const texts = [...elementTexts(section), ...[...section.querySelectorAll('canvas')].flatMap(textsOf)];
  return [...cutOff(section, texts), ...overlapping(texts)];
}

function cutOff(section, texts) {
  const cut = texts.filter((one) => (one.element ? clippedBy(one.element, one.whole, section) : outside(one, one.within) && !tickAtTheEdge(one)));
  return unique(cut.map(({ text }) => text)).map((text) => ({
    fault: `${JSON.stringify(text)} is cut off`,
    remedy: 'shorten it, or widen the panel or the column',
  }));
}

function outside({ left, right, top, bottom }, frame) {
  return left < frame.left - SLACK || right > frame.right + SLACK || top < frame.top - SLACK || bottom > frame.bottom + SLACK;
}

// Grafana places the ticks of time by the moment at which one looks, so that now and then the first or the last is cut off.
function tickAtTheEdge({ text, centred, left, right, top, bottom, within }) {
  const middle = (left + right) / 2;
  return centred && TIME.test(text) && !outside({ left: middle, right: middle, top, bottom }, within);
}

function clippedBy(element, { left, right }, section) {
  for (let at = element; at && at !== section.parentElement; at = at.parentElement) {
    const style = getComputedStyle(at);
    const box = endsInDots(style) ? contentBox(at, style) : at.getBoundingClientRect();
    const slack = endsInDots(style) ? 0.1 : SLACK; // the dots do not wait for a whole pixel
    // Whatever scrolls sideways or hides what is outside cuts the text at its edge.
    const cuts = style.overflowX !== 'visible' || style.textOverflow === 'ellipsis' || at === section;
    if (cuts && (left < box.left - slack || right > box.right + slack)) {
      return true;
    }
  }
  return false;
}

// Dots take the place of what goes beyond the content of a block; a flex box has none, and cuts behind its padding.
function endsInDots({ textOverflow, overflowX, display }) {
  return textOverflow === 'ellipsis' && overflowX !== 'visible' && /block$/.test(display);
}

function contentBox(element, { paddingLeft, paddingRight }) {
  const { left, right } = element.getBoundingClientRect();
  return { left: left + parseFloat(paddingLeft), right: right - parseFloat(paddingRight) };
}

function overlapping(texts) {
  const found = [];
  texts.forEach((one, at) => {
    for (const other of texts.slice(at + 1)) {
      if (one.element && one.element === other.element) {
        continue;
      }
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (across > SLACK && down > SLACK) {
        found.push(`${JSON.stringify(one.text)} and ${JSON.stringify(other.text)} overlap`);
      }
    }
  });
  return unique(found).map((fault) => ({ fault, remedy: 'give the panel more room, or shorten the names' }));
}

// Each text that can be seen, with its box: what an ancestor scrolls away is not on the picture.
function elementTexts(section) {
  const found = [];
  const walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent.trim();
    if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) {
      continue;
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    const whole = range.getBoundingClientRect();
    const seen = visiblePart(element, whole, section);
    if (whole.width > 0 && seen.bottom - seen.top > whole.height / 2) {
      found.push({ text, element, whole, ...seen });
    }
  }
  return found;
}

function visiblePart(element, whole, section) {
  let { left, right, top, bottom } = whole;
  for (let at = element; at && at !== section.parentElement; at = at.parentElement) {
    const { overflowX, overflowY } = getComputedStyle(at);
    const box = at.getBoundingClientRect();
    if (overflowX !== 'visible') {
      [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
    }
    if (overflowY !== 'visible') {
      [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
    }
  }
  return { left, right, top, bottom };
}

function unique(list) {
  return [...new Set(list)];
}
