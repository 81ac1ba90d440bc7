// A place where commands are typed as the pages print them: a clone that is built, with the package's commands at hand.
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type CommandSurroundings, RunningCommand } from './node-command.ts'
import { fillIn } from './page-commands.ts'
import { projectPath } from './project-root.ts'

/** What of the clone commands read; what they write goes to the place itself. */
const OF_THE_CLONE = ['package.json', 'dist', 'node_modules']
/** As package.json names them. */
const COMMANDS = {
  rekindle: 'dist/bin/rekindle.js',
  'rekindle-conformance': 'dist/protocols/conformance/run.js',
  'rekindle-devnet': 'dist/devnet/cli.js'
} as const

/** How a command is typed where the page leaves something to whoever types it. */
export interface Typing extends Pick<CommandSurroundings, 'env'> {
  /** Placeholders of this command alone. */
  readonly values?: Readonly<Record<string, string>>
  /** What running text leaves out behind the command. */
  readonly rest?: string
  /** True: without the flags between brackets. */
  readonly isShort?: boolean
}

/** Types commands into a shell, and remembers which. */
export class TypedCommands {
  readonly directory: string
  /** As printed. */
  readonly ran = new Set<string>()
  /** Placeholders, and what the test has in the place of each address. */
  readonly values: Record<string, string> = {}
  readonly #running: RunningCommand[] = []

  /** In a directory as `open` fills it. */
  constructor(directory: string) {
    this.directory = directory
  }

  static async open(): Promise<TypedCommands> {
    const typed = new TypedCommands(await mkdtemp(join(tmpdir(), 'rekindle-typed-')))
    for (const name of OF_THE_CLONE) await symlink(projectPath(name), typed.path(name))
    const bin = typed.path('installed/node_modules/.bin')
    await mkdir(bin, { recursive: true })
    for (const [name, file] of Object.entries(COMMANDS)) {
      await writeScript(join(bin, name), `exec "${process.execPath}" "${projectPath(file)}" "$@"`)
    }
    // npx looks for half a second, and stays between the shell and the command that gets the signal.
    await mkdir(typed.path('bin'))
    await writeScript(typed.path('bin/npx'), 'exec "$@"')
    return typed
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  /** Starts what a page prints. */
  start(printed: string | undefined, typing: Typing = {}): RunningCommand {
    if (printed === undefined) throw new Error('the page prints no such command')
    this.ran.add(printed)
    const flags = typing.isShort === true ? '' : '$1'
    return this.startOwn(printed.replace(/\[(--[\w-]+)\]/g, flags), typing)
  }

  /** Starts what no page prints. */
  startOwn(command: string, { env, values, rest }: Typing = {}): RunningCommand {
    const filled = fillIn(command, { ...this.values, ...values })
    return this.#shell(rest === undefined ? filled : `${filled} ${rest}`, {
      cwd: this.directory,
      path: [this.path('bin'), this.path('installed/node_modules/.bin')],
      ...(env && { env })
    })
  }

  /** Types it where the package is installed, with npm's own npx. */
  startInstalled(printed: string): RunningCommand {
    this.ran.add(printed)
    return this.#shell(printed, { cwd: this.path('installed'), path: [] })
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((one) => one.kill()))
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 })
  }

  #shell(
    text: string,
    {
      cwd,
      path,
      env
    }: {
      readonly cwd: string
      readonly path: readonly string[]
      readonly env?: Typing['env']
    }
  ): RunningCommand {
    const own = {
      PATH: [...path, process.env.PATH ?? ''].join(delimiter),
      npm_config_update_notifier: 'false',
      ...env
    }
    const command = new RunningCommand(['bash', '-c', text], { cwd, env: own }, { isGroup: true })
    this.#running.push(command)
    return command
  }
}

async function writeScript(path: string, line: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${line}\n`)
  await chmod(path, 0o755)
}
