/** Each host once, with everything it would be asked for. */
export function hostsAndReasons(
  asked: readonly { host: string; reason: string }[],
): { host: string; reasons: string[] }[] {
  const reasons = new Map<string, Set<string>>()
  for (const { host, reason } of asked) reasons.set(host, (reasons.get(host) ?? new Set()).add(reason))
  return [...reasons].map(([host, why]) => ({ host, reasons: [...why] }))
}
