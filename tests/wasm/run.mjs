// Calls the module whose path is the first argument, and compares with what JavaScript makes of it. The second one, if there is
// one, is the module with the browser's clock.
import { readFileSync } from "node:fs";
import process from "node:process";

const load = async (path, functions) => {
  const module = await WebAssembly.compile(readFileSync(path));
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = functions(name);
  }
  return (await WebAssembly.instantiate(module, imports)).exports;
};

const equal = (what, is, expected) => {
  if (is !== expected) throw new Error(`${what} is ${is} and should be ${expected}`);
};

const { sum_of_squares, fibonacci_at, computed } = await load(process.argv[2], (name) => {
  throw new Error(`it needs ${name} from outside, and should need nothing`);
});

const [keys, rounds] = [1000, 20];
let expected = 0n;
for (let key = 0n; key < keys; key++) expected += key * key * BigInt(rounds);
equal("the sum", sum_of_squares(keys, rounds), expected);

equal("fibonacci(80)", fibonacci_at(5_000, 80), 23416728348467685n);
equal("fibonacci(80), again", fibonacci_at(5_999, 80), 23416728348467685n);
equal("the number of those computed", computed(), 81);
equal("fibonacci(1), a second later", fibonacci_at(6_000, 1), 1n);
equal("the number of those computed then", computed(), 82);
console.log(`wasm: ${keys} keys, ${rounds} rounds, a memo, no imports: the sum is ${expected}, as it should be`);

if (process.argv[3]) {
  // What wasm-bindgen's tool would generate for the few functions that web-time calls. Objects are known by number; the first 1028 are
  // the tool's own constants.
  const objects = new Array(1028);
  const hold = (object) => objects.push(object) - 1;
  const known = {
    __wbg_static_accessor_GLOBAL_THIS: () => hold(globalThis),
    __wbg_static_accessor_GLOBAL: () => 0,
    __wbg_static_accessor_SELF: () => 0,
    __wbg_static_accessor_WINDOW: () => 0,
    __wbg_performance: (global) => hold(objects[global].performance),
    __wbg_now: (performance) => objects[performance].now(),
    __wbg___wbindgen_is_undefined: (object) => Number(objects[object] === undefined),
    __wbindgen_externref_statics_end: () => 1028,
    __wbindgen_object_clone_ref: (object) => hold(objects[object]),
    __wbindgen_object_drop_ref: () => {},
  };
  const { nanoseconds } = await load(process.argv[3], (name) => {
    const short = name.replace(/_[0-9a-f]{16}$/, "");
    return known[short] ?? (() => { throw new Error(`${name} is called`); });
  });
  const before = performance.now();
  const first = nanoseconds();
  const begin = performance.now();
  for (let last = first; performance.now() < begin + 5; ) {
    const now = nanoseconds();
    if (now < last) throw new Error(`the clock went back from ${last} to ${now}`);
    last = now;
  }
  const end = performance.now();
  const passed = Number(nanoseconds() - first) / 1e6;
  const [least, most] = [end - begin, performance.now() - before];
  // A nanosecond is lost where a number is rounded.
  if (passed < least - 1e-5 || passed > most + 1e-5) {
    throw new Error(`${least} to ${most} ms are ${passed} ms by the clock`);
  }
  console.log(`wasm: ${passed} ms by the browser's clock are between ${least} and ${most}`);
}
