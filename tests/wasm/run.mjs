// Calls the module whose path is the first argument, and compares with what JavaScript makes of it.
import { readFileSync } from "node:fs";
import process from "node:process";

const module = await WebAssembly.compile(readFileSync(process.argv[2]));
const imports = WebAssembly.Module.imports(module);
if (imports.length !== 0) {
  throw new Error(`it needs ${imports.map(({ name }) => name)} from outside, and should need nothing`);
}
const { exports } = await WebAssembly.instantiate(module);
const [keys, rounds] = [1000, 20];
let expected = 0n;
for (let key = 0n; key < keys; key++) expected += key * key * BigInt(rounds);
const sum = exports.sum_of_squares(keys, rounds);
if (sum !== expected) throw new Error(`the sum is ${sum} and should be ${expected}`);
console.log(`wasm: ${keys} keys, ${rounds} rounds, no imports: the sum is ${sum}, as it should be`);
