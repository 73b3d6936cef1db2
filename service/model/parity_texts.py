"""Raw texts for the parity fixture, written for it: every kind that tokenization or cleaning could trip over."""

from __future__ import annotations

import random

SEED = 7

SENTENCES = {
    "world": [
        "The prime minister resigned after the coalition lost its majority in parliament.",
        "Rescue teams searched for survivors after an earthquake of magnitude 6.8 shook the coast.",
        "The two presidents agreed to reopen the border crossing that was closed in March.",
        "Observers counted ballots by torchlight in the capital's last polling station.",
        "A court in The Hague sentenced the former general to twenty years.",
        "Farmers blocked roads into the city to protest against the new land law.",
    ],
    "sports": [
        "The goalkeeper saved two penalties and the visitors won 3-2 after extra time.",
        "He served 21 aces and reached the third round in straight sets.",
        "The rookie threw for 312 yards and three touchdowns on Sunday.",
        "Rain stopped play after tea with the home side on 287 for 6.",
        "The champion finished fourth in the time trial but kept the yellow jersey.",
        "She landed a quadruple jump for the first time and moved up to second.",
    ],
    "business": [
        "Shares in the retailer rose 4.5% after it raised its forecast for the year.",
        "The carmaker will close two plants and cut 3,500 jobs by June.",
        "Crude oil settled at $52.13 a barrel, its lowest close in two months.",
        "The lender agreed to buy its smaller rival for 1.2 billion euros in cash.",
        "Consumer prices rose less than expected, which eases pressure on the central bank.",
        "The airline filed for bankruptcy protection for the second time in three years.",
    ],
    "science": [
        "The probe sent back its first pictures of the moon's icy surface.",
        "A new version of the browser blocks pop-up windows by default.",
        "Researchers grew a layer of graphene that conducts heat better than copper.",
        "The worm spreads by e-mail and opens a back door on port 3127.",
        "Chip makers agreed on a standard for memory that keeps data without power.",
        "Fossils from the cave show that the species lived 40,000 years longer than thought.",
    ],
}

ACCENTS = [
    "Café résumé naïve façade coöperate", "São Paulo, Århus, Łódź, Kraków, İstanbul", "Ça suffit, dit l'élève à Noël.",
    "Größenwahn in Österreich: die Straße ist gesperrt", "Příliš žluťoučký kůň úpěl ďábelské ódy", "Ærø og Ålesund får snø",
    "cafe\u0301 re\u0301sume\u0301 decomposed", "ﬁnance ﬂoor ﬃx ligatures", "Ｆｕｌｌｗｉｄｔｈ ＴＥＸＴ １２３", "x² + y³ = ½ ⅓ ™ ℃ ①②③",
    "Đà Nẵng, Việt Nam: thị trường chứng khoán", "Ελληνική κυβέρνηση και αγορές", "Правительство объявило о выборах", "Қазақстан үкіметі",
]
CJK = [
    "東京株式市場は午前に上昇した。", "中国国家主席访问欧洲三国", "한국 축구 대표팀이 이겼다", "香港 Hong Kong 恒生指數 rose 2%", "トヨタ、新型車を発表 — Toyota unveils a new car",
    "ｶﾀｶﾅ half-width", "𠮷野家 (beyond the basic plane)", "日本語とEnglishとРусский mixed",
]
EMOJI = [
    "Goal!!! ⚽⚽⚽ what a night 🎉🎉", "👨‍👩‍👧‍👦 family day at the park", "🇫🇷 beats 🇧🇷 in the final", "thumbs 👍🏽 up 👍🏿 down 👎", "😀", "🚀🚀🚀 to the moon 📈",
    "text\ufe0f variation ❤️ selector", "☎️ call 1️⃣2️⃣3️⃣", "🏳️‍🌈 parade in the capital",
]
RTL = [
    "أعلنت الحكومة نتائج الانتخابات", "ראש הממשלה נפגש עם השר", "العربية with English inside", "\u202eoverride\u202c and \u2067isolate\u2069 marks", "قیمت نفت افزایش یافت",
]
MARKS = ["\u0301", "\u0301\u0302\u0303", "a\u0301\u0302\u0303\u0304b", "Z\u0351\u036b\u0343a\u0323\u0358l\u0347g\u0353o\u0329", "e\u0301" * 40, "\u0e01\u0e34\u0e48\u0e19\u0e49", "क्षत्रिय हिन्दी", "\u200d\u200c"]
CONTROLS = [
    "tab\tseparated\tvalues", "line one\nline two\r\nline three", "null\x00byte and bell\x07", "zero\u200bwidth\u200bspace", "soft\u00adhyphen", "no\u00a0break\u202fspaces\u3000here",
    "\ufeffbyte order mark", "unit\x1fseparator \x7f delete", "next\x85line\u2028separator\u2029paragraph", "replacement \ufffd character", "escape \x1b[31mred\x1b[0m text",
]
PUNCTUATION = [
    ".", "...", "?!", "-", "--- --- ---", "()[]{}", "\"'", "$$$", "#", "@", "*", "~`^", "1", "0.5", "42%", "10,000,000", "12:30", "2004-12-31", "C++", "AT&T", "S&P 500", "e-mail",
    "don't can't won't", "U.S.A.", "http://example.org/a?b=c&d=e#f", "user@example.org", "\\$400 \\\\ back\\slash", "#39;s debris &lt;b&gt;", "«guillemets» „quotes“ ‘single’", "—–‐‑",
    "[CLS]", "[SEP] [PAD] [UNK] [MASK]", "##ing ##s", "a", "I", "the",
]
HTML = [
    "<p>Shares <b>fell</b> on <i>Monday</i></p>", "<script>alert('x')</script>The team won", "<style>p{}</style><p>Styled</p>", "Fish &amp; chips &lt;3 &quot;cheap&quot;", "&eacute;t&eacute; &mdash; &#8364;5 &#x1F600;",
    "a < b and c > d", "5 <6 is true", "<a href='http://x.example/'>link text</a> after", "<!-- comment -->visible", "unclosed <b>bold and <i>italic", "<br><br/>break<br />",
    "&lt;A HREF=\"http://q.example/quote?t=ABC\"&gt;ABC.N&lt;/A&gt; rose", "&amp;lt;b&amp;gt;twice escaped", "<table><tr><td>one</td><td>two</td></tr></table>", "<img src=x onerror=alert(1)>caption",
    "＜b＞full-width tags＜/b＞", "<![CDATA[ data ]]> end", "<p>nested <p>para</p></p>", "&nbsp;&nbsp;spaced&nbsp;&nbsp;", "&unknown; entity &#0; &#xD800;", "<noscript>plain</noscript> text",
]
WORDS = ["a" * 99, "a" * 100, "a" * 101, "supercalifragilisticexpialidocious" * 4, "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "x" * 1000, "ab" * 600 + " end", "1" * 200, "-" * 120, "ßßß" * 60]


def parity_texts() -> list[str]:
    """The raw texts, the same on every call; about 300."""
    rng = random.Random(SEED)
    sentences = [sentence for group in SENTENCES.values() for sentence in group]
    texts = list(sentences)
    texts += [sentence.lower() for sentence in sentences[::2]] + [sentence.upper() for sentence in sentences[1::3]]
    texts += [*ACCENTS, *CJK, *EMOJI, *RTL, *MARKS, *CONTROLS, *PUNCTUATION, *HTML, *WORDS]
    for count in (2, 3, 4, 6, 8, 10, 12, 14, 15, 16, 17, 18, 20, 25, 40, 100):
        texts.append(" ".join(rng.choices(sentences, k=count)))
        texts.append(" ".join(rng.choices([*sentences, *ACCENTS, *EMOJI, *HTML], k=count)))
    # Around the limit of 256 tokens: "word" is one token, and two more are special.
    texts += [" ".join(["word"] * count) for count in (1, 2, 13, 100, 252, 253, 254, 255, 256, 257, 300, 600)]
    texts += ["漢" * count for count in (1, 253, 254, 255, 400)] + ["!" * 300, "é" * 300, "😀" * 300]
    everything = [*ACCENTS, *CJK, *EMOJI, *RTL, *MARKS, *CONTROLS, *PUNCTUATION, *HTML, *WORDS[:3]]
    texts += [" ".join(rng.choices(everything, k=rng.randint(2, 8))) for _ in range(40)]
    alphabet = [chr(c) for c in range(32, 127)] + list("äöüßçñéèêøåæœ€£¥§¶•…–—“”‘’«»¿¡") + ["\u0301", "\u200b", "漢", "字", "🎈", "ش", "ש"]
    texts += ["".join(rng.choices(alphabet, k=rng.randint(5, 120))) for _ in range(30)]
    return texts
