/** Two people side by side. Each has a window of their own, as though on two devices. */
export function Split({ people }: { people: readonly string[] }) {
  return (
    <main className="split">
      {people.map((person) => <iframe key={person} title={`The chats of ${person}`} src={`./?as=${person}`} />)}
    </main>
  );
}
