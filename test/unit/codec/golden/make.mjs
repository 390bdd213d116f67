// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// What JavaScript says about strings, numbers, keys and assets: node make.mjs writes the files beside it. Each line is an
// input, a tab, and what JSON.stringify makes of it. Inputs are exact: text as the hex of its UTF-8, numbers as their bits.
import { writeFileSync } from "node:fs";

let state = 88172645463325252n; // xorshift64: the same cases every time
const random = () => {
  state ^= (state << 13n) & 0xffffffffffffffffn;
  state ^= state >> 7n;
  state ^= (state << 17n) & 0xffffffffffffffffn;
  return state;
};
const below = (n) => Number(random() % BigInt(n));
const hex = (text) => Buffer.from(text, "utf8").toString("hex");
const save = (name, lines) => writeFileSync(new URL(name, import.meta.url), lines.join("\n") + "\n");

const characters = () => {
  switch (below(8)) {
    case 0: return String.fromCodePoint(1 + below(0x1f));
    case 1: return '"\\/\b\f\n\r\t'[below(8)];
    case 2: return String.fromCodePoint(0x7f + below(0x80));
    case 3: return String.fromCodePoint([0x2028, 0x2029, 0xfeff, 0xffff, 0xe000, 0xd7ff][below(6)]);
    case 4: return String.fromCodePoint(0x10000 + below(0x100000));
    default: return String.fromCodePoint(0x20 + below(0x5f));
  }
};
const text = (most) => Array.from({ length: below(most + 1) }, characters).join("");

const strings = ["", "a", "\u007f", ...Array.from({ length: 0x1f }, (_, i) => String.fromCharCode(i + 1))];
while (strings.length < 600) strings.push(text(40));
save("strings.txt", strings.map((s) => `${hex(s)}\t${JSON.stringify(s)}`));

const bits = (number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(number);
  return buffer.toString("hex");
};
const numbers = [0, -0, 1, -1, 0.1, -0.1, 0.5, 1e-6, 1e-7, 1.5e-6, 1.5e-7, 123456789, 1e20, 1e21, -1e21, 123e18, 123e19, 1.1e21, 2 ** 53,
  2 ** 53 + 2, 2 ** 63, 2 ** 64, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 100, 1e3, 1.25e10, 4.35, 0.000001234,
  999999999999999900000, 1e300, 1 / 3, Math.PI * 1e15, Math.PI * 1e16];
while (numbers.length < 1000) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, random());
  if (Number.isFinite(view.getFloat64(0))) numbers.push(view.getFloat64(0));
}
while (numbers.length < 2000) numbers.push((below(2 ** 31) - 2 ** 30) * 10 ** (below(40) - 20));
save("numbers.txt", numbers.map((n) => `${bits(n)}\t${JSON.stringify(n)}`));

// Keys sorted, then set on an object in that order; the engine has the last word on where array indices go.
const sorted = (object) => Object.fromEntries(Object.keys(object).sort().map((key) => [key, object[key]]));
const key = () => [() => String(below(30)), () => String(4294967290 + below(10)), () => `0${below(20)}`, () => text(3),
  () => "\uff5e\u{1f600}\ue000\u{10000}a".slice(0, 1 + below(5)).toWellFormed()][below(5)]();
const objects = [];
while (objects.length < 300) {
  const object = {};
  for (let i = below(9); i > 0; --i) object[key()] = String(i);
  objects.push(object);
}
save("objects.txt", objects.map((o) => `${Object.keys(o).map((k) => `${hex(k)}=${o[k]}`).join(",")}\t${JSON.stringify(sorted(o))}`));

// Assets as other programs may send them, and as they come out: known members in order, metadata sorted.
const asset = (a) => ({ id: a.id ?? "", asset_type: a.asset_type ?? "", data: a.data ?? "", metadata: sorted(a.metadata ?? {}), version: a.version ?? 0 });
const assets = [{}, { id: "only" }];
while (assets.length < 200) {
  const a = { version: below(2 ** 32) - 2 ** 31, metadata: {}, data: text(60), id: text(10), asset_type: ["template", "pattern", "prompt", "intelligence"][below(4)] };
  for (let i = below(6); i > 0; --i) a.metadata[text(8)] = text(12);
  if (below(3) === 0) a[`unknown ${text(3)}`] = [null, { deep: [[[text(5)]]] }, -1.5e300, true, { id: "not this one" }][below(5)];
  if (below(5) === 0) delete a.metadata;
  assets.push(a);
}
const unit = (u) => "\\u" + u.toString(16).padStart(4, "0").toUpperCase();
const escaped = (c) => Array.from({ length: c.length }, (_, i) => unit(c.charCodeAt(i))).join("");
const loose = (value) =>
  JSON.stringify(value, null, below(3)).replaceAll("\n", "\r").replace(/[^\0-\x7f]/gu, (c) => (below(2) ? c : escaped(c)));
save("assets.txt", assets.map((a) => `${loose(a)}\t${JSON.stringify(asset(a))}`));
