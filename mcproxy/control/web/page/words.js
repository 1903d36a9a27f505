// Values as text for people.

const PREFIXES = ["", "k", "M", "G", "T"];

// A rate with three digits: 1.23 Mbit/s.
export function rate(value, unit) {
  if (value === null || value === undefined) {
    return "–";
  }
  let step = 0;
  while (value >= 999.5 && step < PREFIXES.length - 1) {
    value /= 1000;
    step += 1;
  }
  const digits = value >= 99.5 || value === 0 ? 0 : value >= 9.95 ? 1 : 2;
  return `${value.toFixed(digits)} ${PREFIXES[step]}${unit}`.trim();
}

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

// A time span by its largest unit: 5 min.
export function span(seconds) {
  for (const [unit, size] of UNITS) {
    if (seconds >= size) {
      return `${Math.floor(seconds / size)} ${unit}`;
    }
  }
  return "0 s";
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
}

// A time as 2026-11-26 20:15, in the time zone of who looks.
export function date(text) {
  const when = new Date(text);
  const two = (number) => String(number).padStart(2, "0");
  const day = [when.getFullYear(), two(when.getMonth() + 1), two(when.getDate())].join("-");
  return `${day} ${two(when.getHours())}:${two(when.getMinutes())}`;
}

export function count(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function source(text) {
  return text === "*" ? "any source" : text;
}
