// Everything here is comfort: each page reads and acts without it.
import { live } from "./live.js";
import { countdown } from "./countdown.js";
import { bell } from "./bell.js";
import { keys } from "./keys.js";
import { once } from "./once.js";
import { parts } from "./parts.js";
import { picks } from "./picks.js";

countdown();
keys();
parts();
once();
const shown = [bell(), picks()];
live((part) => shown.forEach((each) => each(part)));
