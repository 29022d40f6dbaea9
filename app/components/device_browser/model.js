// The exported model on onnxruntime-web: one thread of WebAssembly, and the cache of one text.
let ort = null;
let memory = null; // of the WebAssembly program, to say how large it has become

// The program's memory is made deep inside the runtime; this sees it pass.
function watchMemory() {
  const Original = WebAssembly.Memory;
  WebAssembly.Memory = class extends Original {
    constructor(size) {
      super(size);
      if (size.initial) memory = this; // an empty one is only a question whether shared memory exists
    }
  };
}

export const memoryBytes = () => (memory ? memory.buffer.byteLength : 0);

export async function startRuntime(paths, fetchBytes) {
  if (ort) return;
  watchMemory();
  const made = await import(paths.script);
  made.env.wasm.numThreads = 1;
  made.env.wasm.proxy = false;
  made.env.wasm.wasmPaths = { mjs: paths.glue };
  made.env.wasm.wasmBinary = await fetchBytes(paths.program, true);
  made.env.logLevel = 'error';
  ort = made;
}

export class Model {
  constructor(session, shape) {
    this.session = session;
    this.shape = shape;
    this.forget();
  }

  static async open(bytes, shape) {
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], intraOpNumThreads: 1 });
    return new Model(session, shape);
  }

  close() {
    return this.session.release();
  }

  forget() {
    const { layers, heads, head_width: width } = this.shape;
    this.past = new ort.Tensor('float32', new Float32Array(0), [layers, 2, heads, 0, width]);
  }

  // T tokens behind all before them: the last one's logits, and of each token expert ids and probabilities by layer.
  async feed(ids) {
    const fed = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [ids.length]);
    const made = await this.session.run({ token_ids: fed, past: this.past });
    this.past = made.present;
    const { layers, experts, experts_per_token: chosen, vocabulary } = this.shape;
    const routes = ids.map((_, token) => Array.from({ length: layers }, (__, layer) => {
      const at = layer * ids.length + token;
      return {
        experts: Array.from(made.expert_ids.data.subarray(at * chosen, (at + 1) * chosen), Number),
        probabilities: made.router_probabilities.data.slice(at * experts, (at + 1) * experts),
      };
    }));
    return { logits: made.logits.data.subarray((ids.length - 1) * vocabulary), routes };
  }
}
