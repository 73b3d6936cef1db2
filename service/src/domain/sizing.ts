/** What a container may use of its machine. */
export interface ContainerLimits {
  /** CPUs, with fractions. */
  readonly cpus: number;
  /** `undefined` where memory is not limited. */
  readonly memoryMiB: number | undefined;
}

/** How the service is laid out. */
export interface Sizing {
  /** Inference processes, one thread each: more threads than free cores spin against each other. */
  readonly processes: number;
  /** Single requests that may wait for inference. */
  readonly queueLimit: number;
}

/** What one part of the service needs beside the model, by its resident memory under load. See service/bench/README.md. */
const serviceMiB = 150;
const processBaseMiB = 70;

/** Resident memory of a loaded model by the size of its file: the weights, packed anew, and what a batch needs. */
const modelFactor = 3;

/** Texts that may wait for each process: at the longest that the model reads, it works them off within the queue's time limit. */
const waitingPerProcess = 64;

/** A text of the greatest length with its tokens and its connection, in MiB. */
const waitingMiB = 0.25;

/** The memory that one inference process needs for a model file of so many bytes, in MiB. */
export function processMiB(modelBytes: number): number {
  return processBaseMiB + (modelFactor * modelBytes) / 2 ** 20;
}

/**
 * Lays the service out for its container: one process a whole CPU, as far as memory has room for them, and a queue that
 * memory has room for too. At least one process, whatever the limits say.
 *
 * @param modelBytes size of model.onnx
 * @returns the layout, and what is too small where something is
 */
export function sizeFor(
  { cpus, memoryMiB }: ContainerLimits,
  modelBytes: number,
): Sizing & { readonly shortage?: string } {
  const byCpu = Math.max(1, Math.floor(cpus));
  if (memoryMiB === undefined) return { processes: byCpu, queueLimit: byCpu * waitingPerProcess };
  const each = processMiB(modelBytes);
  const byMemory = Math.floor((memoryMiB - serviceMiB) / each);
  const processes = Math.max(1, Math.min(byCpu, byMemory));
  const leftMiB = memoryMiB - serviceMiB - processes * each;
  const queueLimit = Math.min(processes * waitingPerProcess, Math.floor(leftMiB / waitingMiB));
  const neededMiB = Math.ceil(serviceMiB + each + waitingPerProcess * waitingMiB);
  return {
    processes,
    queueLimit: Math.max(processes, queueLimit),
    ...(byMemory < 1 && {
      shortage: `the memory limit is ${Math.floor(memoryMiB)} MiB, but one inference process with this model needs ${neededMiB} MiB in all: raise the limit`,
    }),
  };
}
