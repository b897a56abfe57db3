// Runs tests by their names, and prints libtest's result line.
export type Tests = Record<string, () => void | Promise<void>>;

export async function run(title: string, tests: Tests): Promise<void> {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
    } catch (error) {
      failed++;
      console.log(`${title}: ${name}: ${error instanceof Error ? error.stack : error}\n`);
    }
  }
  const passed = Object.keys(tests).length - failed;
  console.log(`${title}\ntest result: ${failed > 0 ? "FAILED" : "ok"}. ${passed} passed; ${failed} failed`);
  // Timers of libraries would keep the process.
  process.exit(failed > 0 ? 1 : 0);
}
