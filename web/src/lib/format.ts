const locale = "en";
const whole = new Intl.NumberFormat(locale);
const percentFormat = new Intl.NumberFormat(locale, {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });

/** `20,000` */
export const formatCount = (count: number): string => whole.format(count);

/** A share of 1 as a percentage that never rounds to certainty: `97.3%`, `>99.9%`, `<0.1%`. */
export function formatShare(share: number): string {
  if (share > 0.9995 && share < 1) return `>${percentFormat.format(0.999)}`;
  if (share > 0 && share < 0.0005) return `<${percentFormat.format(0.001)}`;
  return percentFormat.format(share);
}

/** A duration with two significant places or so: `0.04 ms`, `4.2 ms`, `38 ms`, `1.25 s`. */
export function formatDuration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms >= 10 ? 0 : ms >= 1 ? 1 : 2)} ms`;
}

/** Whole seconds, rounded up: a countdown shows 1 until it is over. */
export const formatSeconds = (ms: number): string => `${Math.max(0, Math.ceil(ms / 1000))} s`;

/** `23 Nov 2026, 14:05`, in the reader's time zone. */
export const formatDateTime = (iso: string): string => dateTime.format(new Date(iso));

const steps = [
  { unit: "day", ms: 86_400_000 },
  { unit: "hour", ms: 3_600_000 },
  { unit: "minute", ms: 60_000 },
] as const;

/** `2 min. ago`; times within a minute, and those that another clock puts in the future, are `now`. */
export function formatAgo(iso: string, nowMs: number): string {
  const ageMs = nowMs - Date.parse(iso);
  const step = steps.find(({ ms }) => ageMs >= ms);
  return step
    ? relative.format(-Math.floor(ageMs / step.ms), step.unit)
    : relative.format(0, "second");
}
