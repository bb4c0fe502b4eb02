// The tasks collection: each user sees and changes their own records and no others.
migrate(
  (app) => {
    const users = app.findCollectionByNameOrId('users')
    const own = 'owner = @request.auth.id'
    app.save(
      new Collection({
        type: 'base',
        name: 'tasks',
        listRule: own,
        viewRule: own,
        createRule: `@request.auth.id != "" && ${own}`,
        updateRule: `${own} && (@request.body.owner:isset = false || @request.body.owner = @request.auth.id)`,
        deleteRule: own,
        fields: [
          { name: 'owner', type: 'relation', collectionId: users.id, maxSelect: 1, required: true, cascadeDelete: true },
          { name: 'title', type: 'text', required: true, min: 1, max: 200 },
          { name: 'description', type: 'text', max: 10000 },
          { name: 'completed', type: 'bool' },
          { name: 'priority', type: 'select', values: ['low', 'medium', 'high'], maxSelect: 1 },
          { name: 'due_date', type: 'date' },
          { name: 'created', type: 'autodate', onCreate: true },
          { name: 'updated', type: 'autodate', onCreate: true, onUpdate: true },
        ],
        indexes: ['CREATE INDEX idx_tasks_owner_created ON tasks (owner, created)'],
      }),
    )
  },
  (app) => {
    app.delete(app.findCollectionByNameOrId('tasks'))
  },
)
