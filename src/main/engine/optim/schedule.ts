/** A learning rate over the epochs of a stage. */
export interface Schedule {
  readonly schedule: 'cosine' | 'constant'
  readonly learningRate: number
  readonly epochs: number
  readonly warmUpEpochs: number
  readonly warmUpLearningRate: number
}

/**
 * The rate of one epoch, counted from 0. Warm-up epochs run at their own constant rate; the cosine starts behind
 * them but keeps the full number of epochs as its horizon, so that the last rate is not quite 0.
 */
export function learningRateAt(epoch: number, plan: Schedule): number {
  if (epoch < plan.warmUpEpochs) return plan.warmUpLearningRate
  if (plan.schedule === 'constant') return plan.learningRate
  return (plan.learningRate * (1 + Math.cos((Math.PI * (epoch - plan.warmUpEpochs)) / plan.epochs))) / 2
}
