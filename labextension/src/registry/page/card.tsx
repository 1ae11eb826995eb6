import { MimeModel } from '@jupyterlab/rendermime';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { MDKError } from '../../client';
import type { AuditRecord, Version } from '../../types';
import { Answered, Trouble, useAnswer } from '../answers';
import { Mime } from './mime';
import { Moment } from '../moments';
import type { ModelRecord } from '../record';
import { useSurroundings } from '../surroundings';

const FAR = 200; // records of the history that are looked through for notes

/** The model card of a version, to be read and written, and what people noted. */
export function CardView(props: {
  record: ModelRecord;
  version: Version;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { record, version } = props;
  return (
    <div className="jp-mdk-Sheet">
      <Card key={version.version} record={record} version={version} />
      <section className="jp-mdk-Block">
        <h2>{trans.__('Notes')}</h2>
        <Notes record={record} version={version} />
      </section>
    </div>
  );
}

function Card(props: { record: ModelRecord; version: Version }): JSX.Element {
  const { trans } = useSurroundings();
  const { record, version } = props;
  const [draft, setDraft] = React.useState<string | null>(null);
  const [error, setError] = React.useState<MDKError | null>(null);
  const card = version.card ?? '';
  const blank = [
    `# ${version.model} ${version.version}`,
    `## ${trans.__('Use')}`,
    `## ${trans.__('Data')}`,
    `## ${trans.__('Limits')}`,
    ''
  ].join('\n\n');
  const model = React.useMemo(
    () => new MimeModel({ data: { 'text/markdown': draft ?? card } }),
    [draft, card]
  );
  const save = async () => {
    try {
      await record.api.annotate(record.name, version.version, {
        card: draft ?? ''
      });
      await record.refresh();
      setDraft(null);
      setError(null);
    } catch (reason) {
      if (!(reason instanceof MDKError)) {
        throw reason;
      }
      setError(reason);
    }
  };
  if (draft === null) {
    return (
      <>
        <div className="jp-mdk-VersionActions">
          <Button
            small
            className="jp-mod-styled"
            onClick={() => setDraft(card || blank)}
          >
            {card ? trans.__('Edit') : trans.__('Write the model card')}
          </Button>
        </div>
        {card ? (
          <Mime
            mimeType="text/markdown"
            model={model}
            label={trans.__('Model card')}
          />
        ) : (
          <p className="jp-mdk-dim">
            {trans.__(
              'There is no model card: what the model is for, what it was trained on, where it fails.'
            )}
          </p>
        )}
      </>
    );
  }
  return (
    <>
      {error && <Trouble error={error} />}
      <div className="jp-mdk-CardEditor">
        <textarea
          className="jp-mod-styled"
          aria-label={trans.__('Model card, Markdown')}
          autoFocus
          value={draft}
          onChange={event => setDraft(event.target.value)}
        />
        <Mime
          mimeType="text/markdown"
          model={model}
          label={trans.__('Preview')}
        />
      </div>
      <div className="jp-mdk-VersionActions">
        <Button
          small
          className="jp-mod-styled jp-mod-accept"
          onClick={() => void save()}
        >
          {trans.__('Save')}
        </Button>
        <Button
          small
          className="jp-mod-styled"
          onClick={() => {
            setDraft(null);
            setError(null);
          }}
        >
          {trans.__('Cancel')}
        </Button>
      </div>
    </>
  );
}

function Notes(props: { record: ModelRecord; version: Version }): JSX.Element {
  const { trans } = useSurroundings();
  const { record, version } = props;
  const answer = useAnswer(
    () => record.api.history(record.name, undefined, { limit: FAR }),
    [record, record.stamp]
  );
  return (
    <Answered answer={answer}>
      {page => {
        const notes = page.items.filter(
          one => one.version === version.version && noteOf(one)
        );
        return notes.length === 0 ? (
          <p className="jp-mdk-dim">{trans.__('Nobody noted anything.')}</p>
        ) : (
          <ul className="jp-mdk-Notes">
            {notes.map(one => (
              <li key={one.seq}>
                <div>{noteOf(one)}</div>
                <div className="jp-mdk-dim">
                  {one.actor}, <Moment at={one.at} />
                </div>
              </li>
            ))}
          </ul>
        );
      }}
    </Answered>
  );
}

function noteOf(record: AuditRecord): string | null {
  const { note } = record.data;
  return record.action === 'annotate' && typeof note === 'string' ? note : null;
}
