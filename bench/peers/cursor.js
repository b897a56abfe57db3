// The cursors of the API: base64url of words joined by slashes.

export const encode = (...parts) => btoa(parts.join("/")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** The parts after the first word, which names the list. */
export function decode(cursor, list) {
  const [name, ...parts] = atob(cursor.replaceAll("-", "+").replaceAll("_", "/")).split("/");
  if (name !== list) throw new Error("invalid_cursor");
  return parts;
}
