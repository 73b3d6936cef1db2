import { Tokenizer } from "htmlparser2";

/** Elements whose content is no text. */
const unread = new Set(["script", "style"]);

/** Elements that stand inside a word or sentence; every other tag separates words. */
const inline = new Set(
  (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark q s samp small span strike strong " +
    "sub sup time tt u var wbr"
  ).split(" "),
);

/**
 * The text of an HTML fragment, entities decoded. Plain text comes back as it is.
 *
 * It reads the tokens of a real HTML tokenizer, without a tree, so its time is linear even where tags never close.
 */
export function stripMarkup(html: string): string {
  if (!/[<&]/.test(html)) return html;
  const parts: string[] = [];
  let inside: string | undefined;

  const separate = (name: string) => {
    if (!inline.has(name)) parts.push(" ");
  };
  const nothing = () => {};
  const tokenizer = new Tokenizer(
    { xmlMode: false, decodeEntities: true },
    {
      ontext: (start, end) => {
        if (inside === undefined) parts.push(html.slice(start, end));
      },
      ontextentity: (codePoint) => {
        if (inside === undefined) parts.push(String.fromCodePoint(codePoint));
      },
      onopentagname: (start, end) => {
        const name = html.slice(start, end).toLowerCase();
        if (inside === undefined && unread.has(name)) inside = name;
        separate(name);
      },
      onclosetag: (start, end) => {
        const name = html.slice(start, end).toLowerCase();
        if (name === inside) inside = undefined;
        separate(name);
      },
      oncomment: nothing,
      oncdata: nothing,
      ondeclaration: nothing,
      onprocessinginstruction: nothing,
      onattribname: nothing,
      onattribdata: nothing,
      onattribentity: nothing,
      onattribend: nothing,
      onopentagend: nothing,
      onselfclosingtag: nothing,
      onend: nothing,
    },
  );
  tokenizer.write(html);
  tokenizer.end();
  return parts.join("");
}
