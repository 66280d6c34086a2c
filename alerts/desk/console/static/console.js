// Everything here is comfort: each page reads and acts without it.
import { live } from "./live.js";
import { countdown } from "./countdown.js";
import { bell } from "./bell.js";
import { keys } from "./keys.js";

countdown();
keys();
live(bell());
