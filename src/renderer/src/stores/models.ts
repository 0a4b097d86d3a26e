import { defineStore } from 'pinia'
import { api } from '../api/api.ts'
import { createCollection } from './collection.ts'

/** CLIP weights that the program knows. */
export const useModels = defineStore('models', () => {
  const models = createCollection(() => api.request('models/list', {}))
  api.on('model/changed', models.put)
  api.on('model/removed', ({ id }) => models.drop(id))
  return models
})
