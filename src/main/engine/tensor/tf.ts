/**
 * The engine's only door to TensorFlow.js. It is the CommonJS copy of core that tfjs-node-gpu itself
 * loads, so there is one tensor engine; the kernels and all gradients are registered in it by
 * `loadTensorFlow`, which has to run before the first op. Chained methods are not used: we write
 * tf.add(a, b), never a.add(b).
 */
export * from '@tensorflow/tfjs-core'
