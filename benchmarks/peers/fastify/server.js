// The `versioned` contract as a good Node engineer writes it: response schemas compiled to serialisers,
// named prepared statements on one pool, the token verified by @fastify/jwt on every request.
// Logging is off, Fastify's own default.
import Fastify from 'fastify'
import jwt from '@fastify/jwt'
import pg from 'pg'

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.POOL_SIZE ?? 10),
})
const app = Fastify({ logger: false })

await app.register(jwt, {
  secret: process.env.JWT_SECRET,
  verify: { algorithms: ['HS256'], requiredClaims: ['exp', 'sub'] },
})

const COLUMNS = 'id, title, description, completed, priority, due_date, user_id, created_at, updated_at'
const BY_OWNER = `SELECT ${COLUMNS} FROM tasks WHERE user_id = $1`

const statements = {
  get: { name: 'get', text: `SELECT ${COLUMNS} FROM tasks WHERE id = $1 AND user_id = $2` },
  list: { name: 'list', text: `${BY_OWNER} ORDER BY id` },
  listByCompleted: { name: 'list-completed', text: `${BY_OWNER} AND completed = $2 ORDER BY id` },
  listByPriority: { name: 'list-priority', text: `${BY_OWNER} AND priority = $2 ORDER BY id` },
  listByBoth: { name: 'list-both', text: `${BY_OWNER} AND completed = $2 AND priority = $3 ORDER BY id` },
  create: {
    name: 'create',
    text: `INSERT INTO tasks (user_id, title, description, priority, due_date, completed)
           VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
  },
  update: {
    name: 'update',
    text: `UPDATE tasks SET
             title = coalesce($3, title),
             description = CASE WHEN $4 THEN $5 ELSE description END,
             priority = CASE WHEN $6 THEN $7 ELSE priority END,
             due_date = CASE WHEN $8 THEN $9::timestamptz ELSE due_date END,
             completed = coalesce($10, completed),
             updated_at = now()
           WHERE id = $1 AND user_id = $2 RETURNING ${COLUMNS}`,
  },
  toggle: {
    name: 'toggle',
    text: `UPDATE tasks SET completed = NOT completed, updated_at = now()
           WHERE id = $1 AND user_id = $2 RETURNING ${COLUMNS}`,
  },
  remove: { name: 'remove', text: 'DELETE FROM tasks WHERE id = $1 AND user_id = $2' },
}

const run = (statement, values) => pool.query({ ...statement, values })

const timestamp = { type: 'string', format: 'date-time' }
const task = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    title: { type: 'string' },
    description: { type: ['string', 'null'] },
    completed: { type: 'boolean' },
    priority: { type: ['string', 'null'] },
    due_date: { anyOf: [timestamp, { type: 'null' }] },
    user_id: { type: 'string' },
    created_at: timestamp,
    updated_at: timestamp,
  },
}
const failure = { type: 'object', properties: { detail: { type: 'string' }, code: { type: 'string' } } }
const errors = { '4xx': failure, '5xx': failure }

const params = {
  type: 'object',
  properties: { id: { type: 'integer', minimum: 1, maximum: 2147483647 } },
}
const fields = {
  title: { type: 'string', minLength: 1, maxLength: 200 },
  description: { type: ['string', 'null'], maxLength: 10000 },
  priority: { enum: ['low', 'medium', 'high', null] },
  due_date: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
  completed: { type: 'boolean' },
}

app.decorate('authenticate', async (request, reply) => {
  try {
    await request.jwtVerify()
  } catch (error) {
    const code = error.code === 'FST_JWT_NO_AUTHORIZATION_IN_HEADER' ? 'MISSING_TOKEN' : 'INVALID_TOKEN'
    return reply
      .code(401)
      .header('www-authenticate', 'Bearer')
      .send({ detail: 'Invalid or missing token', code })
  }
})

const missing = (reply) =>
  reply.code(404).send({
    detail: "Task not found or you don't have permission to access it",
    code: 'TASK_NOT_FOUND',
  })

const trimTitle = (request, reply, done) => {
  if (typeof request.body?.title === 'string') request.body.title = request.body.title.trim()
  done()
}

app.get('/health', async () => ({ status: 'healthy' }))

app.register(
  async (tasks) => {
    tasks.addHook('onRequest', app.authenticate)

    tasks.get(
      '/',
      {
        schema: {
          querystring: {
            type: 'object',
            properties: { completed: { type: 'boolean' }, priority: { enum: ['low', 'medium', 'high'] } },
          },
          response: { 200: { type: 'array', items: task }, ...errors },
        },
      },
      async (request) => {
        const { completed, priority } = request.query
        const owner = request.user.sub
        let result
        if (completed === undefined && priority === undefined) result = await run(statements.list, [owner])
        else if (priority === undefined) result = await run(statements.listByCompleted, [owner, completed])
        else if (completed === undefined) result = await run(statements.listByPriority, [owner, priority])
        else result = await run(statements.listByBoth, [owner, completed, priority])
        return result.rows
      },
    )

    tasks.post(
      '/',
      {
        preValidation: trimTitle,
        schema: {
          body: { type: 'object', required: ['title'], properties: fields },
          response: { 201: task, ...errors },
        },
      },
      async (request, reply) => {
        const { title, description = null, priority = null, due_date = null, completed = false } = request.body
        const { rows } = await run(statements.create, [
          request.user.sub,
          title,
          description,
          priority,
          due_date,
          completed,
        ])
        reply.code(201).header('location', `/api/v1/tasks/${rows[0].id}`)
        return rows[0]
      },
    )

    tasks.get('/:id', { schema: { params, response: { 200: task, ...errors } } }, async (request, reply) => {
      const { rows } = await run(statements.get, [request.params.id, request.user.sub])
      return rows[0] ?? missing(reply)
    })

    tasks.put(
      '/:id',
      {
        preValidation: trimTitle,
        schema: { params, body: { type: 'object', properties: fields }, response: { 200: task, ...errors } },
      },
      async (request, reply) => {
        const { title, description, priority, due_date, completed } = request.body
        const { rows } = await run(statements.update, [
          request.params.id,
          request.user.sub,
          title ?? null,
          description !== undefined,
          description ?? null,
          priority !== undefined,
          priority ?? null,
          due_date !== undefined,
          due_date ?? null,
          completed ?? null,
        ])
        return rows[0] ?? missing(reply)
      },
    )

    tasks.patch(
      '/:id/complete',
      { schema: { params, response: { 200: task, ...errors } } },
      async (request, reply) => {
        const { rows } = await run(statements.toggle, [request.params.id, request.user.sub])
        return rows[0] ?? missing(reply)
      },
    )

    tasks.delete('/:id', { schema: { params, response: errors } }, async (request, reply) => {
      const { rowCount } = await run(statements.remove, [request.params.id, request.user.sub])
      return rowCount ? reply.code(204).send() : missing(reply)
    })
  },
  { prefix: '/api/v1/tasks' },
)

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
