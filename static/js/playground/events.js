// The data of the events of a stream, from pieces that may end anywhere.
const MOST_CHARACTERS = 16 * 2 ** 20; // of one event

export class EventReader {
  #line = "";
  #data = null;
  #size = 0;

  // The data of each event that is whole with this piece.
  feed(piece) {
    const found = [];
    const lines = (this.#line + piece).split("\n");
    this.#line = lines.pop();
    this.#bound(this.#line.length);
    for (const line of lines) this.#take(line.endsWith("\r") ? line.slice(0, -1) : line, found);
    return found;
  }

  #take(line, found) {
    if (line === "") {
      if (this.#data !== null) found.push(this.#data);
      this.#data = null;
      this.#size = 0;
    } else if (line.startsWith("data:")) {
      const value = line.slice(line[5] === " " ? 6 : 5);
      this.#size += value.length;
      this.#bound(this.#size);
      this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    }
  }

  #bound(size) {
    if (size > MOST_CHARACTERS) throw new RangeError("an event of the answer has no end");
  }
}
