import { defineStore } from 'pinia'
import { api } from '../api/api.ts'
import { useTask } from './tasks.ts'

/** What the program has found out about this machine; it takes a moment, so it is kept between views. */
export const useMachine = defineStore('machine', () => {
  const task = useTask('machine')
  const check = () => task.start(() => api.request('machine/report', {}))
  return { ...task, check }
})
