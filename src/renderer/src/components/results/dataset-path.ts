/**
 * The path by which a dataset knows a picture. Runs of earlier versions name their pictures by whole paths; those
 * below the dataset's folder can still be found in it. Null for others.
 */
export function pathInDataset(path: string, root: string): string | null {
  const [whole, folder] = [path, root].map((each) => each.replaceAll('\\', '/').replace(/\/$/, ''))
  if (whole!.startsWith(`${folder!}/`)) return whole!.slice(folder!.length + 1)
  return whole!.startsWith('/') || /^[a-z]:\//i.test(whole!) ? null : path
}
