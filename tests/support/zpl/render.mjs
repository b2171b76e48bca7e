// Renders the ZPL of standard input, labels of the given size in millimetres, as JSON list of Base64 PNG images.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, width, height, dotsPerMm] = process.argv.slice(2);
const { ready } = createRequire(`${folder}/`)("zpl-renderer-js");
const { api } = await ready;
const zpl = readFileSync(0, "utf8");
const images = await api.zplToBase64MultipleAsync(zpl, Number(width), Number(height), Number(dotsPerMm));
process.stdout.write(JSON.stringify(images), () => process.exit(0));
