import { useState, type ComponentProps, type FormEvent, type KeyboardEvent } from "react";

/** As the API counts them: characters of Unicode, without spaces at the ends. */
const MOST_CHARACTERS = 4000;

/** The text of a message in a form. Enter submits, Shift+Enter begins a line. A text that is too long is told and stays. */
export function TextBox({ typed, ...props }: ComponentProps<"textarea"> & { typed?: () => void }) {
  const [problem, setProblem] = useState("");

  function input(event: FormEvent<HTMLTextAreaElement>) {
    const box = event.currentTarget;
    const count = [...box.value.trim()].length;
    const found = count > MOST_CHARACTERS ? `${count} characters: a message has at most ${MOST_CHARACTERS}.` : "";
    // The browser submits no form with a problem.
    box.setCustomValidity(found);
    setProblem(found);
    typed?.();
  }

  function keyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    event.currentTarget.form?.requestSubmit();
  }

  return (
    <div className="text-box">
      <textarea name="text" rows={1} onInput={input} onKeyDown={keyDown} {...props} />
      {problem && <small role="alert" className="error">{problem}</small>}
    </div>
  );
}

/** The text of a submitted form. */
export function textOf(event: FormEvent<HTMLFormElement>): string {
  event.preventDefault();
  return String(new FormData(event.currentTarget).get("text")).trim();
}
