/** A text to try. */
export interface Example {
  readonly title: string;
  readonly text: string;
}

/** Invented news, at least one for every topic of the bundled model. */
export const examples: readonly Example[] = [
  {
    title: "A ceasefire at the border",
    text: "Ministers from both countries signed a ceasefire in Geneva on Sunday after nine days of shelling along the border. Aid convoys reached the first villages by evening, the United Nations said.",
  },
  {
    title: "Late goal in the cup final",
    text: "A header in the 93rd minute gave Porto Vale the cup on Saturday night. The visitors had led since half-time and hit the post twice before their captain was sent off.",
  },
  {
    title: "Rates rise, shares fall",
    text: "Shares slid for a third day after the central bank raised interest rates by half a point. Lenders lost the most, and the airline Norwing cut its profit forecast for the year.",
  },
  {
    title: "A battery made of salt",
    text: "Researchers have built a sodium battery that keeps nine tenths of its charge after 4,000 cycles. The cell works without lithium, and the team has published the design as open source.",
  },
  {
    title: "Polls open under guard",
    text: "Voters queued from dawn as the island nation held its first presidential election since the coup. Observers reported long lines but little violence in the capital.",
  },
  {
    title: "Chip maker buys a rival",
    text: "The chip maker Veltron will pay 4.2 billion dollars for a smaller rival whose processors run speech recognition on phones. Regulators must still approve the deal.",
  },
];
