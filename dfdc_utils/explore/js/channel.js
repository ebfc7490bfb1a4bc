// A source answers questions: `ask(name, args, buffers)` gives { answer, buffers }; `can(name)` says whether it knows
// how.
// This one asks the kernel, through the channel that the notebook has to it anyway: no port, no address.

const SILENCE = 8000;

function channel(model) {
  const waiting = new Map();
  const started = Math.random().toString(36).slice(2);
  let number = 0, heard = false, told = () => {};
  const receive = (message, buffers) => {
    const question = waiting.get(message.id);
    if (!question) return;
    waiting.delete(message.id);
    if (!heard) told(true);
    heard = true;
    if (message.error) question.reject(new Error(message.error));
    else question.resolve({ answer: message.answer, buffers: (buffers || []).map(bytesOf) });
  };
  model.on("msg:custom", receive);
  return {
    live: true,
    can: () => true,
    // Called with false where nobody answers for long: the kernel is busy, or the notebook was opened without one; and
    // with true at the first answer.
    onHearing: (action) => { told = action; },
    ask(name, args = {}, buffers = []) {
      const id = `${started}-${++number}`;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        model.send({ id, ask: name, args }, undefined, buffers);
        setTimeout(() => { if (!heard && waiting.has(id)) told(false); }, SILENCE);
      });
    },
    close: () => model.off("msg:custom", receive),
  };
}

function bytesOf(buffer) {
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer) : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

// A view of numbers must begin at a multiple of their size, which a part of a message need not.
function numbers(Kind, bytes) {
  return new Kind(bytes.slice().buffer);
}

async function videoAddress(source, video) {
  const { answer, buffers } = await source.ask("preview", { video });
  if (answer.address) return answer.address;
  return URL.createObjectURL(new Blob([buffers[0]], { type: "video/mp4" }));
}
