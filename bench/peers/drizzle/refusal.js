// A request that is refused: its HTTP status and the API's code.
export class Refusal extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
  }
}
