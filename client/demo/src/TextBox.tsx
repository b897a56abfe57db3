import { useRef, useState, type ComponentProps, type FormEvent, type KeyboardEvent } from "react";
import { nameOf } from "./people.ts";

/** As the API counts them: characters of Unicode, without spaces at the ends. */
const MOST_CHARACTERS = 4000;

interface Props extends ComponentProps<"textarea"> {
  typed?: () => void;
  /** Whom the text can mention. */
  people: readonly string[];
}

/**
 * The text of a message in a form. Enter submits, Shift+Enter begins a line. After an @, it offers names; Tab goes to
 * them. A text that is too long is told and stays.
 */
export function TextBox({ typed, people, ...props }: Props) {
  const box = useRef<HTMLTextAreaElement>(null);
  const [problem, setProblem] = useState("");
  const [offered, setOffered] = useState<readonly string[]>([]);

  function input() {
    const { value } = box.current!;
    const count = [...value.trim()].length;
    const found = count > MOST_CHARACTERS ? `${count} characters: a message has at most ${MOST_CHARACTERS}.` : "";
    // The browser submits no form with a problem.
    box.current!.setCustomValidity(found);
    setProblem(found);
    const begun = begunIn(box.current!);
    setOffered(begun === undefined ? [] : people.filter((id) => nameOf(id).toLowerCase().startsWith(begun.toLowerCase()) && nameOf(id) !== begun));
    typed?.();
  }

  function mention(person: string) {
    const end = box.current!.selectionStart;
    box.current!.setRangeText(`${nameOf(person)} `, end - (begunIn(box.current!) ?? "").length, end, "end");
    box.current!.focus();
    input();
  }

  function keyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    setOffered([]);
    event.currentTarget.form?.requestSubmit();
  }

  return (
    <div className="text-box">
      <textarea ref={box} name="text" rows={1} onInput={input} onKeyDown={keyDown} {...props} />
      {offered.length > 0 && (
        <ul className="offered" aria-label="People to mention">
          {offered.map((id) => <li key={id}><button type="button" onClick={() => mention(id)}>@{nameOf(id)}</button></li>)}
        </ul>
      )}
      {problem && <small role="alert" className="error">{problem}</small>}
    </div>
  );
}

/** The name that is being written. */
const begunIn = ({ value, selectionStart }: HTMLTextAreaElement) => /(?:^|\s)@([^@\n]{0,40})$/.exec(value.slice(0, selectionStart))?.[1];

/** The text of a submitted form. */
export function textOf(event: FormEvent<HTMLFormElement>): string {
  event.preventDefault();
  return String(new FormData(event.currentTarget).get("text")).trim();
}
