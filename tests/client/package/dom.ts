// A page for React. It is imported before React, which looks for one when it is loaded.
import { Window } from "happy-dom";

const window = new Window({ url: "https://app.test/" });
const define = (name: string, value: unknown) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
define("window", window);
define("document", window.document);
define("navigator", window.navigator);
define("IS_REACT_ACT_ENVIRONMENT", true);
