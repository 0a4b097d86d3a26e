import { defineStore } from 'pinia'
import { api } from '../api/api.ts'
import { createCollection } from './collection.ts'

/** Datasets, which are the projects of the screens. */
export const useDatasets = defineStore('datasets', () => {
  const datasets = createCollection(() => api.request('datasets/list', {}))
  api.on('dataset/changed', datasets.put)
  api.on('dataset/removed', ({ id }) => datasets.drop(id))
  return datasets
})
