// Pictures to send.
import { crc32, deflateSync } from "node:zlib";

/** A picture of an evening sky. */
export function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits for each of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Array.from({ length: height }, (_, y) => {
    const row = Buffer.alloc(1 + width * 3);
    for (let x = 0; x < width; x++) row.set(sky(x / width, y / height), 1 + x * 3);
    return row;
  });
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}

function sky(x: number, y: number): [number, number, number] {
  if (Math.hypot((x - 0.68) * 1.6, y - 0.58) < 0.11) return [255, 236, 190];
  if (y > 0.7 + 0.08 * Math.sin(x * 9) + 0.03 * Math.sin(x * 23)) return [38, 34, 66];
  if (y > 0.6 + 0.07 * Math.sin(x * 6 + 2)) return [84, 62, 110];
  const level = Math.floor(y * 12) / 12;
  return [70 + 180 * level, 80 + 70 * level, 150 - 30 * level];
}
