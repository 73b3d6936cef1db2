/** Whether an object of a JSON text gives one of its keys twice; `JSON.parse` would take the last without a word. */
export function hasRepeatedKeys(json: string, parsed: unknown): boolean {
  return writtenKeys(json) !== keptKeys(parsed);
}

const colonAhead = /[\t\n\r ]*:/y;

/** @param json valid JSON, in which a string before a colon is a key */
function writtenKeys(json: string): number {
  let keys = 0;
  for (let open = json.indexOf('"'); open >= 0;) {
    let close = json.indexOf('"', open + 1);
    while (isEscaped(json, close)) close = json.indexOf('"', close + 1);
    colonAhead.lastIndex = close + 1;
    if (colonAhead.test(json)) keys++;
    open = json.indexOf('"', close + 1);
  }
  return keys;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

function keptKeys(parsed: unknown): number {
  let keys = 0;
  // No recursion: JSON may be nested as deep as it is long.
  const rest = [parsed];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) keys += Object.keys(value).length;
    for (const child of Object.values(value)) rest.push(child);
  }
  return keys;
}
