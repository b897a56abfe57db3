import { useId, useRef, useState, type ReactNode } from "react";
import { Icon, type IconName } from "./parts.tsx";

export interface MenuItem {
  icon: IconName;
  label: string;
  /** Asked before it acts. */
  question?: string;
  act: () => void;
}

/** A button with a menu of what can be done. */
export function Menu({ label, items, children }: { label: string; items: readonly MenuItem[]; children?: ReactNode }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState<MenuItem>();
  const choose = (item: MenuItem) => {
    if (!item.question) return item.act();
    setAsked(item);
    dialog.current!.showModal();
  };
  return (
    <>
      <button type="button" className="icon-button" aria-label={label} title={label} popoverTarget={id}><Icon name="more" /></button>
      <div id={id} className="menu" popover="auto">
        {children}
        {items.map((item) => (
          <button key={item.label} type="button" popoverTarget={id} popoverTargetAction="hide" onClick={() => choose(item)}>
            <Icon name={item.icon} /> {item.label}
          </button>
        ))}
      </div>
      <dialog ref={dialog} aria-label={asked?.question}>
        <form method="dialog" className="buttons">
          <p>{asked?.question}</p>
          <button>Cancel</button>
          <button className="main" onClick={asked?.act}>{asked?.label}</button>
        </form>
      </dialog>
    </>
  );
}
