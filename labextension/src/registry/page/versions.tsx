import * as React from 'react';

import { VersionBadges } from '../badges';
import { Moment } from '../moments';
import type { ModelRecord } from '../record';
import { Rows } from '../rows';
import { useSurroundings } from '../surroundings';

const ROW = 44; // pixels

/** The versions of a model, the newest first. */
export function Versions({ record }: { record: ModelRecord }): JSX.Element {
  const { trans } = useSurroundings();
  const { versions, info } = record;
  return (
    <div className="jp-mdk-Versions">
      <h2>
        {trans.__('Versions')}
        <span className="jp-mdk-dim">{info?.versions.toLocaleString()}</span>
      </h2>
      {versions.length > 0 && (
        <Rows
          id={`jp-mdk-versions-${record.name}`}
          label={trans.__('Versions of %1', record.name)}
          count={versions.length}
          rowHeight={ROW}
          selected={versions.findIndex(one => one.version === record.selected)}
          row={index => {
            const version = versions[index];
            return (
              <div className="jp-mdk-VersionRow" data-status={version.status}>
                <div>
                  <span className="jp-mdk-name">{version.version}</span>
                  <VersionBadges version={version} />
                </div>
                <div className="jp-mdk-dim">
                  <Moment at={version.created} />
                  <span>
                    {version.provenance.trained_by ?? version.registered_by}
                  </span>
                </div>
              </div>
            );
          }}
          facts={index => ({
            'data-mdk-model': record.name,
            'data-mdk-version': versions[index].version,
            'data-mdk-status': versions[index].status
          })}
          onSelect={index => void record.select(versions[index].version)}
          onEnd={() => void record.more()}
        />
      )}
    </div>
  );
}
